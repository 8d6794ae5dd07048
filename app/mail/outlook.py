"""Outlook's Thread-Index header, the conversation index of [MS-OXOMSG] 2.2.1.3. Pure.

22 bytes (a FILETIME without its last two bytes, and a GUID), then 5 bytes for every answer.
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from uuid import UUID

HEADER, BLOCK = 22, 5
MAX_ANSWERS = 40
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def first_index(at: datetime, conversation: UUID) -> str:
    """The index of a conversation's first mail, sent at `at` (aware)."""
    return _encode((_filetime(at) >> 16).to_bytes(6, "big") + conversation.bytes)


def answer_index(index: str | None, at: datetime, salt: int = 0) -> str | None:
    """The index of an answer sent at `at` to a mail with `index`; None when that is none or damaged.

    `salt` (its low byte is used) tells apart two answers within a moment.
    """
    try:
        parent = base64.b64decode((index or "").strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(parent) < HEADER or (len(parent) - HEADER) % BLOCK:
        return None
    if len(parent) >= HEADER + MAX_ANSWERS * BLOCK:
        return _encode(parent)
    return _encode(parent + _block(max(0, _filetime(at) - _begun(parent)), salt))


def _block(elapsed: int, salt: int) -> bytes:
    # Up to 1.7 years in steps of 26 ms, beyond that in steps of 0.8 s with the top bit set.
    near = elapsed < 1 << 49
    delta = (elapsed >> 18) if near else (elapsed >> 23) & 0x7FFFFFFF | 0x80000000
    return delta.to_bytes(4, "big") + bytes([salt & 0xFF])


def _begun(index: bytes) -> int:
    return int.from_bytes(index[:6], "big") << 16


def _filetime(at: datetime) -> int:
    """Steps of 100 ns since 1601, as Windows counts."""
    return (at - _EPOCH) // timedelta(microseconds=1) * 10


def _encode(index: bytes) -> str:
    return base64.b64encode(index).decode("ascii")
