"""The mails the tests are fed: where they lie and how to read them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import test

from app.mail.inbound import Inbound
from app.mail.prepare import prepare

HERE = Path(__file__).parent
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CLIENTS = sorted((HERE / "data").glob("*.eml"))
THREADS = sorted((HERE / "threads").glob("*.eml"))
ODD = sorted((HERE / "odd").glob("*.eml"))
# Some distributions leave Python's own tests out.
STDLIB = sorted((Path(test.__file__).parent / "test_email" / "data").glob("msg_*.txt"))
EXPECTED = json.loads((HERE / "threads.json").read_text())


def raw(name: str) -> bytes:
    """Give the bytes of one mail of tests/mail/data."""
    return (HERE / "data" / f"{name}.eml").read_bytes()


def read(name: str) -> Inbound:
    """Parse one mail of tests/mail/data as the application does."""
    return prepare(raw(name), NOW)
