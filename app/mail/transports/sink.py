"""Mail that stays here: one file for each Message-ID in a local folder, for development and tests."""

import hashlib
import os
import re
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.mail.transports.contract import Delivery, Permanent

_MESSAGE_ID = re.compile(rb"^Message-ID:[ \t]*(<[^>\r\n]+>)", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(r"[0-9a-f]{32}")


class SinkTransport:
    """Files named by the hash of their Message-ID, so that a mail sent twice is there once."""

    settles = 0.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def deliver(self, raw: bytes, envelope_from: str, recipients: Sequence[str]) -> Delivery:
        """Write the mail with its envelope in front, as an mbox-less maildir would."""
        found = _MESSAGE_ID.search(raw)
        if not found:
            raise Permanent("the mail has no Message-ID")
        name = _name(found[1].decode("ascii", "replace"))
        envelope = f"Return-Path: <{envelope_from}>\r\nX-Envelope-To: {', '.join(recipients)}\r\n"
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".new-", delete=False) as file:
            file.write(envelope.encode("ascii", "replace") + raw)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(self.folder / f"{name}.eml")
        return Delivery(name)

    def was_accepted(self, message_id: str) -> bool | None:
        """Whether the file is there."""
        return (self.folder / f"{_name(message_id)}.eml").exists()

    def check(self) -> str:
        """Say where mails are kept."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return f"mail is kept in {self.folder} and never leaves"

    def names(self) -> list[tuple[str, datetime]]:
        """Names and times of the mails, newest first."""
        files = sorted(self.folder.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
        return [(file.stem, datetime.fromtimestamp(file.stat().st_mtime, UTC)) for file in files]

    def read(self, name: str) -> bytes | None:
        """The mail of that name with its envelope in front, or None."""
        path = self.folder / f"{name}.eml"
        return path.read_bytes() if _NAME.fullmatch(name) and path.exists() else None


def _name(message_id: str) -> str:
    return hashlib.sha256(message_id.encode()).hexdigest()[:32]
