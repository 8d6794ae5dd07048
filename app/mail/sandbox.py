"""Parse a mail in a warm child process with limits on time and memory, so that no mail can hurt the caller.

The child answers in JSON and plain bytes, never pickle: what it sends is as little trusted as the mail.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.mail.inbound import Inbound, Unreadable, from_wire
from app.mail.sandbox_child import REQUEST, RESPONSE

WALL_SECONDS = 2.0
START_SECONDS = 20.0
MAX_RAW = 45_000_000  # 25 MB of files in base64, and room
MAX_ANSWER = 80_000_000
MAILS_PER_CHILD = 500
_CHUNK = 1 << 20
_PROGRAM = Path(__file__).with_name("sandbox_child.py")


class _Failed(Exception):
    """The child did not answer as agreed; the message is the machine word for why."""


class Child:
    """One child process and the conversation with it. Not for use by two threads at once."""

    def __init__(self) -> None:
        # -I keeps the environment's and the working directory's Python files out; no secret is inherited.
        self.process = subprocess.Popen(  # noqa: S603 - a fixed program
            [sys.executable, "-I", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LC_ALL": "C.UTF-8"},
            cwd="/",
            bufsize=0,
        )
        self.mails = 0
        self._in, self._out = _descriptors(self.process)
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        if self._talk(b"", len(b"ready"), time.monotonic() + START_SECONDS) != b"ready":
            raise _Failed("sandbox_start")

    def ask(self, raw: bytes, now: datetime, wall: float) -> Inbound | Unreadable:
        """Have one mail parsed; raises _Failed if the child is of no more use."""
        self.mails += 1
        deadline = time.monotonic() + wall
        request = REQUEST.pack(len(raw), now.timestamp()) + raw
        (length,) = RESPONSE.unpack(self._talk(request, RESPONSE.size, deadline))
        if length > MAX_ANSWER:
            raise _Failed("malformed_answer")
        try:
            fields = json.loads(self._talk(b"", length, deadline))
            if "error" in fields:
                return Unreadable(_reason(fields["error"]))
            return from_wire(fields, self._blobs(fields.pop("blobs"), MAX_ANSWER - length, deadline))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise _Failed("malformed_answer") from error

    def close(self) -> None:
        """End the process at once and collect it."""
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()
        self.process.wait()

    def abandon(self) -> None:
        """Let go of a child that belongs to the process we were forked from."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()
        self.process.returncode = 0

    def _blobs(self, sizes: Any, allowed: int, deadline: float) -> list[bytes]:
        if not all(type(size) is int and size >= 0 for size in sizes) or sum(sizes) > allowed:
            raise ValueError("blobs larger than a mail can hold")
        return [self._talk(b"", size, deadline) for size in sizes]

    def _talk(self, request: bytes, wanted: int, deadline: float) -> bytes:
        """Write all of `request` while reading `wanted` bytes, so that neither side can wait for ever."""
        answer, left = bytearray(), memoryview(request)
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            if left:
                selector.register(self._in, selectors.EVENT_WRITE)
            while len(answer) < wanted or left:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise _Failed("too_slow")
                for key, _ in selector.select(remaining):
                    if key.fd == self._in:
                        left = self._send(left)
                        if not left:
                            selector.unregister(self._in)
                    else:
                        answer += self._receive(wanted - len(answer))
        return bytes(answer)

    def _send(self, left: memoryview) -> memoryview:
        try:
            return left[os.write(self._in, left[:_CHUNK]) :]
        except BlockingIOError:
            return left
        except BrokenPipeError as error:
            raise _Failed("parser_crashed") from error

    def _receive(self, wanted: int) -> bytes:
        # Asking for at least one byte shows an early answer or a closed pipe even when none is due.
        try:
            data = os.read(self._out, min(max(wanted, 1), _CHUNK))
        except BlockingIOError:
            return b""
        if not data or wanted <= 0:
            raise _Failed("parser_crashed" if not data else "malformed_answer")
        return data


class Sandbox:
    """Keeps one warm child for this process, replaces it when needed, and serves one caller at a time."""

    def __init__(self, wall: float = WALL_SECONDS) -> None:
        self.wall = wall
        self._lock = threading.Lock()
        self._child: Child | None = None

    def parse(self, raw: bytes, now: datetime | None = None) -> Inbound | Unreadable:
        """Parse one mail; never raises on account of the mail, and returns within the wall limit."""
        if len(raw) > MAX_RAW:
            return Unreadable("too_large")
        with self._lock:
            try:
                child = self._ready()
                return child.ask(raw, now or datetime.now(UTC), self.wall)
            except _Failed as failure:
                self._drop()
                return Unreadable(str(failure))
            except BaseException:
                # An interrupt in the middle leaves half an answer in the pipe.
                self._drop()
                raise

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._drop()

    def forget(self) -> None:
        """After a fork: the child belongs to the parent, and so may the lock."""
        self._lock = threading.Lock()
        if self._child:
            self._child.abandon()
            self._child = None

    def _ready(self) -> Child:
        child = self._child
        if child and (child.mails >= MAILS_PER_CHILD or child.process.poll() is not None):
            self._drop()
        if self._child is None:
            self._child = Child()
        return self._child

    def _drop(self) -> None:
        if self._child:
            self._child.close()
            self._child = None


_sandbox = Sandbox()
os.register_at_fork(after_in_child=_sandbox.forget)
atexit.register(_sandbox.close)


def parse_safely(raw: bytes, now: datetime | None = None) -> Inbound | Unreadable:
    """Parse one mail in this process's sandbox; `now` caps its Date and defaults to the present."""
    return _sandbox.parse(raw, now)


def _descriptors(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    if process.stdin is None or process.stdout is None:
        raise _Failed("sandbox_start")
    return process.stdin.fileno(), process.stdout.fileno()


def _reason(error: Any) -> str:
    known = {"MemoryError": "too_much_memory", "RecursionError": "too_deep"}
    return known.get(str(error), f"parser_error_{str(error)[:40]}")
