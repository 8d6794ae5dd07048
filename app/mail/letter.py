"""What one outgoing mail says and to whom, as frozen data that nothing has rendered yet. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError

from app.mail.headers import clean_line

MAX_SUBJECT = 250  # characters; longer ones end in …
MAX_NAME = 100

# RFC 5321 without quoted local parts: nobody's mail is refused for them, and they hide commas and spaces.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>")


class BadAddress(ValueError, HeaderParseError):
    """The address is none that mail can be sent to."""


@dataclass(frozen=True, slots=True)
class Person:
    """A name, which may be empty, and an address that mail can be sent to (ASCII, lower-case domain)."""

    name: str
    address: str

    @classmethod
    def of(cls, name: str, address: str) -> "Person":
        """A person with a safe name and a checked address. Raises BadAddress."""
        return cls(safe_line(name, MAX_NAME), checked_address(address))


@dataclass(frozen=True, slots=True)
class File:
    """A file in the mail. With a `content_id` it is a picture shown where the HTML says `cid:…`."""

    name: str
    content_type: str
    data: bytes
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail. `html` and `text` are the whole bodies; ids carry their angle brackets."""

    sender: Person
    to: tuple[Person, ...]
    subject: str
    text: str
    html: str
    message_id: str
    sent_at: datetime
    cc: tuple[Person, ...] = ()
    reply_to: Person | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    thread_topic: str | None = None
    thread_index: str | None = None
    auto_submitted: str | None = None
    files: tuple[File, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()


def safe_line(text: str, limit: int) -> str:
    """Text fit for a header: one line, no control or reordering characters, no encoded word, at most `limit`.

    An encoded word (RFC 2047) in text that we write would be decoded by the reader, line breaks and all.
    """
    line = clean_line(text[: limit * 8]).replace("=?", "= ?")
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def checked_address(address: str) -> str:
    """The address with its domain in lower-case ASCII (IDNA). Raises BadAddress."""
    local, at, domain = address.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise BadAddress(f"not a domain: {domain[:80]!r}") from error
    if (
        not at
        or len(local) > 64
        or len(domain) > 253
        or not (_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain))
    ):
        raise BadAddress(f"not an address: {address[:80]!r}")
    return f"{local}@{domain}"


def message_ids(*values: str | None) -> tuple[str, ...]:
    """The well-formed message ids among those given, each once, in order. Others are left out."""
    return tuple(dict.fromkeys(value for value in values if value and _MESSAGE_ID.fullmatch(value)))
