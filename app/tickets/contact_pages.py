"""What the pages of contacts show: the list, one contact's tickets and history, and who may be a duplicate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.events import Event, EventKind
from app.extensions import db
from app.policy import Actor
from app.tickets.listing import View, count, ordered, tickets_in
from app.tickets.models import OPEN_CATEGORIES, Ticket
from app.tickets.settings import Contact, Status, StatusCategory

SHOWN = 10
LONGEST_WORDS = 100
DONE = (StatusCategory.RESOLVED, StatusCategory.CLOSED)


@dataclass(frozen=True)
class Tickets:
    """Some of a contact's tickets, and how many there are."""

    rows: Sequence[Ticket]
    total: int


def contacts_of(member: Actor, words: str = "") -> "sa.Select[Contact]":
    """The organisation's contacts, those merged into others left out; with words, whose name or address has them."""
    select = sa.select(Contact).where(Contact.tenant_id == member.tenant_id, Contact.merged_into_id.is_(None))
    for word in words[:LONGEST_WORDS].replace("\x00", " ").split()[:5]:
        parts = (Contact.name, Contact.email, Contact.phone)
        select = select.where(sa.or_(*(part.icontains(word, autoescape=True) for part in parts)))
    return select


def counted(select: "sa.Select[Any]") -> "sa.Select[int]":
    """How many the select has."""
    return select.with_only_columns(sa.func.count(), maintain_column_froms=True).order_by(None)


def open_tickets(contacts: Sequence[Contact], member: Actor) -> Mapping[UUID, int]:
    """How many open tickets that the member may see each of the contacts has."""
    select = tickets_in(View(), member).where(Ticket.requester_id.in_([each.id for each in contacts]))
    rows = db.session.execute(
        select.with_only_columns(Ticket.requester_id, sa.func.count()).group_by(Ticket.requester_id)
    )
    return {row[0]: row[1] for row in rows}


def tickets_of(
    contact: Contact, member: Actor, categories: Sequence[StatusCategory] = OPEN_CATEGORIES
) -> Tickets:
    """The newest of the contact's tickets in these categories that the member may see."""
    statuses = sa.select(Status.id).where(
        Status.tenant_id == member.tenant_id, Status.category.in_(categories)
    )
    select = Ticket.visible_to(member).where(
        Ticket.requester_id == contact.id, Ticket.status_id.in_(statuses)
    )
    rows = db.session.scalars(ordered(select, "recent").limit(SHOWN)).all()
    return Tickets(rows, db.session.scalar(count(select)) or 0)


def history_of(contact: Contact) -> Sequence[Event]:
    """What was done to the contact, newest first."""
    kinds = [
        EventKind.CONTACT_CHANGED,
        EventKind.CONTACT_MERGED,
        EventKind.CONTACT_BLOCKED,
        EventKind.CONTACT_UNBLOCKED,
    ]
    return db.session.scalars(
        sa.select(Event)
        .where(Event.tenant_id == contact.tenant_id, Event.contact_id == contact.id, Event.kind.in_(kinds))
        .order_by(Event.id.desc())
        .limit(SHOWN)
    ).all()


def addresses_of(contact: Contact) -> Sequence[str]:
    """Addresses that came to the contact by merges."""
    return [
        each
        for each in db.session.scalars(
            sa.select(Contact.email)
            .where(Contact.tenant_id == contact.tenant_id, Contact.merged_into_id == contact.id)
            .order_by(Contact.email)
        )
        if each
    ]


def candidates(contact: Contact, member: Actor, words: str) -> Sequence[Contact]:
    """Contacts that may be the same person: those the words fit, else those of the same name."""
    others = contacts_of(member, words).where(Contact.id != contact.id)
    if not words:
        same = sa.func.lower(Contact.name) == contact.name.lower()
        others = others.where(same if contact.name else sa.false())
    return db.session.scalars(others.order_by(Contact.last_seen_at.desc(), Contact.id).limit(SHOWN)).all()
