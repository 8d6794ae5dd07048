"""An SMTP server that counts mails by Message-ID and recipient, and misbehaves as told.

Also a process of its own: `python -m tests.fakes.smtp PORT FILE` appends one JSON line for each mail taken.
"""

import asyncio
import json
import re
import socket
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class FakeSmtp:
    """`answers` maps a recipient to the reply it meets; `data_answers` are the replies to the next mails.

    A data answer of `reset` takes the mail and closes the connection without a word.
    """

    def __init__(self, hostname: str = "127.0.0.1", port: int = 0, log: Path | None = None) -> None:
        self.answers: dict[str, str] = {}
        self.data_answers: list[str] = []
        self.banner_delay = 0.0
        self.taken: list[tuple[str, tuple[str, ...], bytes]] = []
        self._log = log
        self._lock = threading.Lock()
        self._controller = Controller(
            self, hostname=hostname, port=port or _free_port(), data_size_limit=40_000_000
        )

    @property
    def url(self) -> str:
        return f"smtp://{self._controller.hostname}:{self._controller.port}"

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """How often each recipient got each Message-ID."""
        return Counter((message_id, to) for message_id, recipients, _ in self.taken for to in recipients)

    def __enter__(self) -> "FakeSmtp":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.data_answers.pop(0) if self.data_answers else "250 queued as 42"
        if answer.startswith("250") or answer == "reset":
            self._take(envelope)
        if answer == "reset":
            server.transport.abort()
            await asyncio.sleep(0)
        return answer

    def _take(self, envelope: Envelope) -> None:
        raw = bytes(envelope.content or b"")
        found = re.search(rb"^Message-ID: (\S+)", raw, re.MULTILINE | re.IGNORECASE)
        message_id = found[1].decode() if found else ""
        with self._lock:
            self.taken.append((message_id, tuple(envelope.rcpt_tos), raw))
            if self._log:
                line = {"message_id": message_id, "to": envelope.rcpt_tos, "from": envelope.mail_from}
                with self._log.open("a") as file:
                    file.write(json.dumps(line) + "\n")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    with FakeSmtp(port=int(sys.argv[1]), log=Path(sys.argv[2])):
        while True:
            time.sleep(3600)
