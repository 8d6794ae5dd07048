"""The process in which mails are parsed: reads mails on stdin, writes results on stdout, owns nothing.

Started by its path and not as a module: importing the application would take a second and its memory, and
would put the application's configuration within reach of whatever a hostile mail manages to do here.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
import types
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

REQUEST = struct.Struct(">Qd")  # length of the mail, the present moment in seconds
RESPONSE = struct.Struct(">I")  # length of the JSON that follows
MEMORY = 256 * 1024 * 1024
CPU_SECONDS = 3


def main() -> None:
    """Answer one mail after another until stdin closes, which it does when the parent dies."""
    package = types.ModuleType("app")
    package.__path__ = [str(Path(__file__).resolve().parent.parent)]
    sys.modules["app"] = package
    from app.mail.inbound import to_wire
    from app.mail.prepare import prepare

    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # a stray print must not be taken for an answer
    _limit_process()
    _write(answers, b"ready")
    while True:
        head = sys.stdin.buffer.read(REQUEST.size)
        if len(head) < REQUEST.size:
            return
        size, moment = REQUEST.unpack(head)
        _limit_cpu()
        try:
            raw = sys.stdin.buffer.read(size)
            fields, blobs = to_wire(prepare(raw, datetime.fromtimestamp(moment, UTC)))
            fields["blobs"] = [len(blob) for blob in blobs]
        # Whatever a mail provokes is the answer about this mail, not the end of the process.
        except Exception as error:
            fields, blobs = {"error": type(error).__name__}, []
        text = json.dumps(fields).encode("ascii")
        _write(answers, RESPONSE.pack(len(text)) + text)
        for blob in blobs:
            _write(answers, blob)
        raw, fields, blobs = b"", {}, []


def _limit_process() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _limit_cpu() -> None:
    # The limit counts the whole life of the process, so it moves on with each mail.
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _write(answers: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[answers.write(view) :]


if __name__ == "__main__":
    main()
