"""The mail desk's lists: which mails a query string asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import get_timezone

from app.mail.inbound import Kind
from app.mail.models import InboundMessage, InboundState, OutboundKind, OutboundMessage, OutboundState
from app.policy import Actor
from app.tickets.models import Ticket

LONGEST = 200


@dataclass(frozen=True)
class Look:
    """What somebody looks for. What makes no sense in the query string is as if it were not there."""

    state: str = ""
    kind: str = ""
    sender: str = ""
    mailbox: UUID | None = None
    since: date | None = None
    until: date | None = None
    q: str = ""

    @classmethod
    def read(cls, asked: Mapping[str, str], states: Any, kinds: Any) -> "Look":
        return cls(
            state=asked.get("state", "") if asked.get("state") in set(states) else "",
            kind=asked.get("kind", "") if asked.get("kind") in set(kinds) else "",
            sender=_line(asked.get("sender", "")).lower(),
            mailbox=_uuid(asked.get("mailbox", "")),
            since=_day(asked.get("since", "")),
            until=_day(asked.get("until", "")),
            q=_line(asked.get("q", "")),
        )

    def arguments(self) -> dict[str, Any]:
        """The query string that asks for the same."""
        return {name: value for name, value in vars(self).items() if value}

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the state narrows the list."""
        return any((self.kind, self.sender, self.mailbox, self.since, self.until, self.q))


def inbound_look(asked: Mapping[str, str]) -> Look:
    return Look.read(asked, InboundState, Kind)


def outbound_look(asked: Mapping[str, str]) -> Look:
    return Look.read(asked, OutboundState, OutboundKind)


def visible_inbound(member: Actor) -> "sa.Select[InboundMessage]":
    """Every mail in the member may see: what went to a ticket hidden from them is hidden too."""
    return sa.select(InboundMessage).where(
        InboundMessage.tenant_id == member.tenant_id,
        sa.or_(InboundMessage.ticket_id.is_(None), InboundMessage.ticket_id.in_(_tickets(member))),
    )


def visible_outbound(member: Actor) -> "sa.Select[OutboundMessage]":
    """Every mail out the member may see."""
    return sa.select(OutboundMessage).where(
        OutboundMessage.tenant_id == member.tenant_id,
        sa.or_(OutboundMessage.ticket_id.is_(None), OutboundMessage.ticket_id.in_(_tickets(member))),
    )


def inbound(look: Look, member: Actor) -> "sa.Select[InboundMessage]":
    """The mails in, in no order."""
    kind = InboundMessage
    conditions = [
        *_shared(look, kind, kind.received_at),
        (kind.kind == look.kind) if look.kind else None,
        _holds(kind.from_address, look.sender) if look.sender else None,
        (kind.mailbox_id == look.mailbox) if look.mailbox else None,
        sa.or_(
            _holds(kind.subject, look.q), _holds(kind.from_name, look.q), _holds(kind.from_address, look.q)
        )
        if look.q
        else None,
    ]
    return visible_inbound(member).where(*(each for each in conditions if each is not None))


def outbound(look: Look, member: Actor) -> "sa.Select[OutboundMessage]":
    """The mails out, in no order."""
    kind = OutboundMessage
    recipients = sa.func.concat(sa.cast(kind.to, sa.Text), sa.cast(kind.cc, sa.Text))
    conditions = [
        *_shared(look, kind, kind.created_at),
        (kind.kind == look.kind) if look.kind else None,
        _holds(recipients, look.sender) if look.sender else None,
        (kind.mailbox_id == look.mailbox) if look.mailbox else None,
        sa.or_(_holds(kind.subject, look.q), _holds(recipients, look.q)) if look.q else None,
    ]
    return visible_outbound(member).where(*(each for each in conditions if each is not None))


def counted(select: "sa.Select[Any]") -> "sa.Select[Any]":
    """How many there are."""
    return select.with_only_columns(sa.func.count(), maintain_column_froms=True)


def _shared(look: Look, kind: Any, at: Any) -> list[Any]:
    return [
        (kind.state == look.state) if look.state else None,
        (at >= _start(look.since)) if look.since else None,
        (at < _start(look.until + timedelta(days=1))) if look.until else None,
    ]


def _holds(column: Any, text: str) -> Any:
    return column.icontains(text, autoescape=True)


def _tickets(member: Actor) -> "sa.Select[Any]":
    return Ticket.visible_to(member).with_only_columns(Ticket.id)


def _start(day: date) -> datetime:
    """When the day begins where the reader is."""
    zone = get_timezone()
    return datetime.combine(day, time(), tzinfo=ZoneInfo(str(zone)) if zone else UTC)


def _line(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())[:LONGEST]


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1990 < found.year < 2200 else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
