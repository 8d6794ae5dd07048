"""Reply addresses and Message-IDs that only we can make: signed, and bound to one ticket of one tenant. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from uuid import UUID

MAC_LETTERS = 16  # base32 letters of 5 bits: 80 bits
_TAG = re.compile(r"r(\d{1,18})\.([a-z2-7]{16})")
_MESSAGE_ID = re.compile(r"wt\.([a-z2-7]{26})\.([a-z2-7]{26})\.([a-z2-7]{16})@[^\s@<>]{1,253}")


@dataclass(frozen=True)
class ReplyTag:
    """What a reply address claims; believe it only once `is_reply_mac` says so for the ticket found."""

    number: int
    mac: str


@dataclass(frozen=True)
class SignedId:
    """What one of our Message-IDs claims; believe it only once `is_message_id` says so."""

    ticket: UUID
    unique: UUID
    mac: str


def reply_address(key: bytes, mailbox: str, tenant: UUID, ticket: UUID, number: int) -> str:
    """Give `local+r<number>.<mac>@domain`, where an answer about this ticket is to be sent."""
    local, _, domain = mailbox.rpartition("@")
    return f"{local}+r{number}.{_mac(key, b'reply', tenant, ticket)}@{domain}"


def split_tag(address: str) -> tuple[str, str]:
    """Give the address without its `+tag` in lower case, and the tag ('' if none)."""
    local, _, domain = address.strip().lower().rpartition("@")
    base, _, tag = local.partition("+")
    return f"{base}@{domain}", tag


def read_reply_tag(address: str) -> ReplyTag | None:
    """Read the ticket number and signature out of an address; None if it has no such tag."""
    found = _TAG.fullmatch(split_tag(address)[1])
    return ReplyTag(int(found.group(1)), found.group(2)) if found else None


def is_reply_mac(key: bytes, tenant: UUID, ticket: UUID, mac: str) -> bool:
    """Tell, in constant time, whether `mac` was made for this ticket of this tenant."""
    return hmac.compare_digest(_mac(key, b"reply", tenant, ticket).encode(), mac.lower().encode())


def message_id(key: bytes, tenant: UUID, ticket: UUID, unique: UUID, host: str) -> str:
    """Give a Message-ID, with its angle brackets, for one outgoing mail about a ticket."""
    mac = _mac(key, b"message-id", tenant, ticket, unique)
    return f"<wt.{_letters(ticket.bytes)}.{_letters(unique.bytes)}.{mac}@{host}>"


def read_message_id(value: str) -> SignedId | None:
    """Read one of our own Message-IDs, with or without brackets; None if it is not of our form."""
    found = _MESSAGE_ID.fullmatch(value.strip().strip("<>").lower())
    if not found:
        return None
    return SignedId(_uuid(found.group(1)), _uuid(found.group(2)), found.group(3))


def is_message_id(key: bytes, tenant: UUID, claimed: SignedId) -> bool:
    """Tell, in constant time, whether we made this Message-ID for a ticket of this tenant."""
    expected = _mac(key, b"message-id", tenant, claimed.ticket, claimed.unique)
    return hmac.compare_digest(expected.encode(), claimed.mac.encode())


def _mac(key: bytes, purpose: bytes, *parts: UUID) -> str:
    if len(key) < 16:
        raise ValueError("the signing key must be at least 128 bits")
    message = b"|".join([purpose, *(part.bytes.hex().encode() for part in parts)])
    return _letters(hmac.new(key, message, hashlib.sha256).digest())[:MAC_LETTERS]


def _letters(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=").lower()


def _uuid(letters: str) -> UUID:
    # 26 letters hold 130 bits: the last two are not ours and are dropped.
    return UUID(bytes=base64.b32decode(letters.upper() + "======")[:16])
