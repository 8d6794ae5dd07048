"""What a received mail is once parsed: plain frozen data, and its form on the wire from the sandbox."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Mailbox = tuple[str, str]
"""A display name and a lower-case address."""


class Kind(StrEnum):
    """What sort of sender wrote a mail, as far as the mail itself tells."""

    HUMAN = "human"
    AUTO_REPLY = "auto_reply"
    NOTIFICATION = "notification"
    BULK = "bulk"
    LIST = "list"
    BOUNCE = "bounce"
    DELAY = "delay"
    COMPLAINT = "complaint"
    CALENDAR = "calendar"
    LOOP = "loop"


@dataclass(frozen=True)
class Part:
    """One attachment; `name` is safe to show, never a path; `inline` means the HTML refers to it by cid."""

    name: str
    content_type: str
    content_id: str
    disposition: str
    data: bytes
    inline: bool


@dataclass(frozen=True)
class Dsn:
    """A delivery status notification (RFC 3464), its first failed recipient if several."""

    final_recipient: str
    action: str
    status: str
    diagnostic: str
    original_message_id: str

    @property
    def is_permanent(self) -> bool:
        return self.action == "failed" and not self.status.startswith("4")


@dataclass(frozen=True)
class Auth:
    """Verdicts written by whoever handled the mail, as found; the reader decides which to trust."""

    authentication_results: tuple[str, ...] = ()
    received_spf: tuple[str, ...] = ()
    mailgun_spf: tuple[str, ...] = ()
    mailgun_dkim: tuple[str, ...] = ()
    dkim_domains: tuple[str, ...] = ()
    spam_flag: str = ""
    spam_score: str = ""


@dataclass(frozen=True)
class Reply:
    """The newly written part of a mail and what it quotes; `removed_ratio` is 0 when all was kept."""

    text: str
    html: str
    quoted: str
    removed_ratio: float


@dataclass(frozen=True)
class Inbound:
    """One received mail. Text fields hold no NUL, no lone surrogate and, but for bodies, no control character."""

    message_id: str
    synthetic: bool
    in_reply_to: str
    references: tuple[str, ...]
    subject: str
    from_address: str
    from_name: str
    reply_to: tuple[Mailbox, ...]
    sender: str
    return_path: str | None
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    delivered_to: tuple[str, ...]
    date: datetime | None
    text: str
    html: str
    attachments: tuple[Part, ...]
    kind: Kind
    kind_reason: str
    auth: Auth
    list_id: str
    dsn: Dsn | None
    thread_topic: str
    thread_index: str
    received_count: int
    loop_marks: tuple[str, ...]
    suppress_auto_response: bool
    flags: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reply: Reply = field(default_factory=lambda: Reply("", "", "", 0.0))


@dataclass(frozen=True)
class Unreadable:
    """A mail that could not be parsed within its limits; `reason` is a short machine word."""

    reason: str


def to_wire(inbound: Inbound) -> tuple[dict[str, Any], list[bytes]]:
    """Give JSON-serialisable fields, and apart from them the attachments' bytes in order."""
    fields = dataclasses.asdict(inbound)
    blobs = [part.pop("data") for part in fields["attachments"]]
    fields["date"] = inbound.date.isoformat() if inbound.date else None
    return fields, blobs


def from_wire(fields: Any, blobs: list[bytes]) -> Inbound:
    """Rebuild what `to_wire` gave, checking every type; raises ValueError on anything unexpected."""
    try:
        parts = fields["attachments"]
        if len(parts) != len(blobs):
            raise ValueError("attachments and blobs differ in number")
        for part, blob in zip(parts, blobs, strict=True):
            part["data"] = blob
        return typing.cast(Inbound, _build(Inbound, fields))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"malformed mail from the sandbox: {error}") from error


def _build(kind: Any, value: Any) -> Any:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return kind(**{name: _build(hints[name], value[name]) for name in hints})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _build(arguments[0], value)
    if origin is tuple:
        return _build_tuple(arguments, value)
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is Kind:
        return Kind(value)
    if kind is float and isinstance(value, int):
        return float(value)
    if type(value) is not kind:
        raise TypeError(f"expected {kind}, got {type(value)}")
    return value


def _build_tuple(arguments: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise TypeError("expected a list")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_build(arguments[0], item) for item in value)
    return tuple(_build(kind, item) for kind, item in zip(arguments, value, strict=True))
