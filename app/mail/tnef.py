"""Unpack winmail.dat (TNEF), the envelope that Outlook sends to those it takes for Outlook."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import tnefparse

from app.mail import charsets

MAX_ATTACHMENTS = 50
MAX_COPIED = 1_000_000_000


@dataclass(frozen=True)
class Unpacked:
    """The files inside as (name, bytes), and the bodies as text; '' when there is none."""

    files: tuple[tuple[str, bytes], ...]
    text: str
    html: str


def unpack(data: bytes) -> Unpacked | None:
    """Read a TNEF blob; None if it is damaged, in which case the caller keeps the blob itself."""
    if not _is_affordable(data):
        return None
    logging.getLogger("tnefparse").setLevel(logging.CRITICAL)
    try:
        tnef = tnefparse.TNEF(data, do_checksum=False)
        files = tuple(
            (_text(item.long_filename() or item.name), bytes(item.data or b""))
            for item in tnef.attachments[:MAX_ATTACHMENTS]
        )
        unpacked = Unpacked(files, _text(tnef.body), _text(tnef.htmlbody))
        return unpacked if unpacked != Unpacked((), "", "") else None
    # The library reads offsets from the blob unchecked: whatever it raises means "damaged".
    except Exception:
        return None


def _is_affordable(data: bytes) -> bool:
    """Walk the objects: the library copies all that follows each of them, so many of them cost their square."""
    offset, copied = 6, 0
    while offset + 9 < len(data):
        copied += len(data) - offset
        if copied > MAX_COPIED:
            return False
        offset += 11 + int.from_bytes(data[offset + 5 : offset + 9], "little")
    return True


def _text(value: object) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, bytes):
        return charsets.decode(value, None)[0]
    return charsets.scrub(value) if isinstance(value, str) else ""
