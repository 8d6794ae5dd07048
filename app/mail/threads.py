"""Which ticket a mail belongs to, always within its own organisation."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.extensions import db, new_id
from app.mail import addresses, ours
from app.mail.inbound import Inbound
from app.mail.models import InboundMessage, MessageReference
from app.tickets.models import Ticket

_TOKEN = re.compile(r"\[#(?:[A-Za-z0-9-]{1,40}-)?(\d{1,9})\]")


class Found(StrEnum):
    """What tied a mail to its ticket, surest first."""

    REPLY_ADDRESS = "reply_address"
    OUR_MESSAGE_ID = "our_message_id"
    REFERENCE = "reference"
    SHARED = "shared"  # both answer a mail that never came here
    EXPECTED = "expected"  # an earlier mail referred to this one
    SUBJECT = "subject"


# Ties that the sender can make alone, to a ticket they have no part in: then it is no tie.
LOOSE = (Found.SHARED, Found.EXPECTED, Found.SUBJECT)


@dataclass(frozen=True)
class Match:
    """A ticket and why; whether the sender may write on it is for others to say."""

    ticket: Ticket
    how: Found


def lock(tenant_id: UUID, mail: Inbound) -> None:
    """Wait until no other mail of the same thread is being filed, and keep others waiting until the commit.

    The keys are taken in one order, so two mails that name the same ones cannot wait for each other.
    """
    names = [mail.message_id, *_named(mail)]
    keys = sorted({_lock_key(tenant_id, name) for name in names})
    db.session.execute(
        sa.text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key"),
        {"keys": keys},
    )


def find(message: InboundMessage, mail: Inbound) -> Match | None:
    """Find the ticket a mail belongs to; it comes locked, so that mails are added to it one by one."""
    for how, ticket_id in (
        (Found.REPLY_ADDRESS, _by_reply_address(message, mail)),
        (Found.OUR_MESSAGE_ID, _by_our_ids(message, mail)),
        (Found.REFERENCE, _by_references(message, _named(mail), seen=True)),
        (Found.SHARED, _by_references(message, _named(mail))),
        (Found.EXPECTED, _by_references(message, [mail.message_id])),
        (Found.SUBJECT, _by_subject(message, mail)),
    ):
        ticket = load(message.tenant_id, ticket_id) if ticket_id else None
        if ticket is not None:
            return Match(ticket, how)
    return None


def load(tenant_id: UUID, ticket_id: UUID) -> Ticket | None:
    """Load a ticket for change."""
    return db.session.scalar(
        sa.select(Ticket)
        .where(Ticket.tenant_id == tenant_id, Ticket.id == ticket_id)
        .with_for_update(of=Ticket)
    )


def remember(ticket: Ticket, mail: Inbound) -> None:
    """Note that this mail and those it answers belong to the ticket, the latter also if they are yet to come."""
    rows = [_row(ticket, mail.message_id, True)]
    rows += [
        _row(ticket, name, False) for name in _named(mail) if name != mail.message_id and not _is_own(name)
    ]
    statement = insert(MessageReference).values(sorted(rows, key=lambda row: str(row["message_hash"])))
    seen = sa.or_(MessageReference.is_seen, statement.excluded.is_seen)
    # A mail that has come belongs where it was put, whoever had referred to it before.
    belongs = sa.case(
        (sa.and_(statement.excluded.is_seen, ~MessageReference.is_seen), statement.excluded.ticket_id),
        else_=MessageReference.ticket_id,
    )
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "message_hash"], set_={"is_seen": seen, "ticket_id": belongs}
        )
    )


def _named(mail: Inbound) -> list[str]:
    """The mails this one answers, nearest first."""
    return [name for name in dict.fromkeys([mail.in_reply_to, *reversed(mail.references)]) if name]


def _by_reply_address(message: InboundMessage, mail: Inbound) -> UUID | None:
    others = [address for _, address in (*mail.to, *mail.cc)]
    for address in dict.fromkeys([message.recipient, *mail.delivered_to, *others]):
        tag = addresses.read_reply_tag(address)
        if tag is None:
            continue
        ticket_id = _by_number(message.tenant_id, tag.number)
        if ticket_id and addresses.is_reply_mac(ours.signing_key(), message.tenant_id, ticket_id, tag.mac):
            return ticket_id
    return None


def _by_our_ids(message: InboundMessage, mail: Inbound) -> UUID | None:
    for name in _named(mail):
        claimed = addresses.read_message_id(name)
        if claimed and addresses.is_message_id(ours.signing_key(), message.tenant_id, claimed):
            return claimed.ticket
    return None


def _by_references(message: InboundMessage, names: list[str], seen: bool = False) -> UUID | None:
    """The ticket of the first name that has one, nearest first; `seen` if only mails that came count."""
    hashes = [_hash(name) for name in names if not _is_own(name)]
    if not hashes:
        return None
    rows = db.session.execute(
        sa.select(MessageReference.message_hash, MessageReference.ticket_id).where(
            MessageReference.tenant_id == message.tenant_id,
            MessageReference.message_hash.in_(hashes),
            MessageReference.is_seen if seen else sa.true(),
        )
    )
    found = dict(rows.all())
    return next((found[name] for name in hashes if name in found), None)


def _by_subject(message: InboundMessage, mail: Inbound) -> UUID | None:
    found = _TOKEN.search(mail.subject)
    return _by_number(message.tenant_id, int(found.group(1))) if found else None


def _by_number(tenant_id: UUID, number: int) -> UUID | None:
    if number > 2**31 - 1:
        return None
    return db.session.scalar(
        sa.select(Ticket.id).where(Ticket.tenant_id == tenant_id, Ticket.number == number)
    )


def _is_own(name: str) -> bool:
    """Whether the id claims to be one of ours: those are believed by their signature only."""
    return addresses.read_message_id(name) is not None


def _row(ticket: Ticket, name: str, seen: bool) -> dict[str, object]:
    return {
        "tenant_id": ticket.tenant_id,
        "id": new_id(),
        "message_hash": _hash(name),
        "ticket_id": ticket.id,
        "is_seen": seen,
    }


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _lock_key(tenant_id: UUID, name: str) -> int:
    digest = hashlib.sha256(b"thread" + tenant_id.bytes + name.encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
