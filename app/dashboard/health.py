"""What admins look after: whether mail comes and goes, how much is stored and used."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.extensions import db, now
from app.mail.models import InboundMessage, InboundState, OutboundMessage, OutboundState
from app.organisations.models import Membership
from app.policy import Actor
from app.tickets.models import Counters, Ticket
from app.tickets.settings import Contact, Mailbox

RECENT = timedelta(days=7)
MONTH = timedelta(days=30)
MOST_ADDRESSES = 20


@dataclass(frozen=True)
class Address:
    """An inbound address, and when its last mail came."""

    address: str
    received_at: datetime | None


@dataclass(frozen=True)
class Health:
    """The organisation's mail, storage and use."""

    held: int
    failed: int
    storage: int
    members: int
    contacts: int
    tickets: int
    received: int
    sent: int
    addresses: list[Address]


def health_of(member: Actor) -> Health:
    """Everything in two queries. Counts of mail are of the last 7 days, of use the last 30."""
    recent, month = now() - RECENT, now() - MONTH
    row = db.session.execute(
        sa.select(
            _count(InboundMessage, member, InboundMessage.state == InboundState.HELD),
            _count(
                OutboundMessage,
                member,
                OutboundMessage.state == OutboundState.FAILED,
                OutboundMessage.created_at > recent,
            ),
            sa.select(sa.func.coalesce(sa.func.max(Counters.storage_bytes), 0))
            .where(Counters.tenant_id == member.tenant_id)
            .scalar_subquery(),
            _count(Membership, member, Membership.ended_at.is_(None)),
            _count(Contact, member, Contact.merged_into_id.is_(None)),
            _count(Ticket, member, Ticket.last_message_at > month, Ticket.created_at > month),
            _count(InboundMessage, member, InboundMessage.received_at > month),
            _count(OutboundMessage, member, OutboundMessage.created_at > month),
        )
    ).one()
    return Health(*row, addresses=_addresses(member))


def _count(model: Any, member: Actor, *conditions: Any) -> Any:
    return (
        sa.select(sa.func.count()).where(model.tenant_id == member.tenant_id, *conditions).scalar_subquery()
    )


def _addresses(member: Actor) -> list[Address]:
    last = (
        sa.select(InboundMessage.received_at)
        .where(InboundMessage.tenant_id == Mailbox.tenant_id, InboundMessage.mailbox_id == Mailbox.id)
        .order_by(InboundMessage.received_at.desc())
        .limit(1)
        .correlate(Mailbox)
        .scalar_subquery()
    )
    rows = db.session.execute(
        sa.select(Mailbox.address, last)
        .where(Mailbox.tenant_id == member.tenant_id, Mailbox.retired_at.is_(None))
        .order_by(Mailbox.address)
        .limit(MOST_ADDRESSES)
    )
    return [Address(*row) for row in rows]
