"""What can be done to a contact: edit, block, and merge two that are one person."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from app.events import Event, EventKind, record
from app.extensions import db, now
from app.jobs import later
from app.policy import Actor, NotAllowed
from app.tickets.conversation import Comment
from app.tickets.models import Participant, Ticket
from app.tickets.search_index import index_tickets_of
from app.tickets.settings import Contact


@dataclass(frozen=True)
class Moving:
    """How much a merge moves."""

    tickets: int
    messages: int
    copies: int


def edit(contact: Contact, *, name: str, phone: str, notes: str, by: Actor) -> None:
    """Change what we know of a contact. The address stays: it is who they are to mail."""
    wanted = {"name": name, "phone": phone or None, "notes": notes}
    changes = {
        field: [getattr(contact, field), value]
        for field, value in wanted.items()
        if getattr(contact, field) != value
    }
    if not changes:
        return
    for field, (_old, new) in changes.items():
        setattr(contact, field, new)
    record(EventKind.CONTACT_CHANGED, by=by, contact_id=contact.id, changes=changes)
    if changes.keys() & {"name", "phone"}:
        later(index_tickets_of, contact.id)


def block(contact: Contact, *, by: Actor) -> None:
    """Hold what the contact mails from now on."""
    if contact.blocked_at is None:
        contact.blocked_at = now()
        record(EventKind.CONTACT_BLOCKED, by=by, contact_id=contact.id)


def unblock(contact: Contact, *, by: Actor) -> None:
    """Let the contact's mail in again; what was held stays until somebody releases it."""
    if contact.blocked_at is not None:
        contact.blocked_at = None
        record(EventKind.CONTACT_UNBLOCKED, by=by, contact_id=contact.id)


def moving(contact: Contact) -> Moving:
    """What would move if the contact were merged into another."""
    counts = [
        sa.select(sa.func.count())
        .where(model.tenant_id == contact.tenant_id, column == contact.id)
        .scalar_subquery()
        for model, column in (
            (Ticket, Ticket.requester_id),
            (Comment, Comment.contact_id),
            (Participant, Participant.contact_id),
        )
    ]
    return Moving(*db.session.execute(sa.select(*counts)).one())


def merge(survivor: Contact, duplicate: Contact, *, by: Actor) -> None:
    """Make two contacts one: everything of the duplicate becomes the survivor's, its address leads there too."""
    if survivor.tenant_id != duplicate.tenant_id or survivor.id == duplicate.id:
        raise NotAllowed("only two contacts of one organisation can be merged")
    if survivor.merged_into_id or duplicate.merged_into_id:
        raise NotAllowed("one of them has been merged already")
    _move_copies(survivor, duplicate)
    _move(Ticket, Ticket.requester_id, survivor, duplicate)
    _move(Comment, Comment.contact_id, survivor, duplicate)
    _move(Event, Event.contact_id, survivor, duplicate)
    _move(Contact, Contact.merged_into_id, survivor, duplicate)
    db.session.flush()
    record(
        EventKind.CONTACT_MERGED,
        by=by,
        contact_id=survivor.id,
        changes={"contact": [duplicate.email or duplicate.display_name, survivor.display_name]},
    )
    _join(survivor, duplicate)
    later(index_tickets_of, survivor.id)


def _join(survivor: Contact, duplicate: Contact) -> None:
    """What the survivor does not know of itself it takes over."""
    if survivor.email is None and duplicate.email is not None:
        address, duplicate.email = duplicate.email, None
        db.session.flush()
        survivor.email = address
    survivor.name = survivor.name or duplicate.name
    survivor.phone = survivor.phone or duplicate.phone
    survivor.user_id = survivor.user_id or duplicate.user_id
    survivor.notes = "\n\n".join(each for each in (survivor.notes, duplicate.notes) if each)
    survivor.last_seen_at = max(survivor.last_seen_at, duplicate.last_seen_at)
    survivor.created_at = min(survivor.created_at, duplicate.created_at)
    duplicate.merged_into_id = survivor.id


def _move(
    model: type, column: sa.orm.InstrumentedAttribute[UUID | None], survivor: Contact, duplicate: Contact
) -> None:
    db.session.execute(
        sa.update(model)
        .where(sa.inspect(model).c.tenant_id == survivor.tenant_id, column == duplicate.id)
        .values({column.key: survivor.id})
        .execution_options(synchronize_session="fetch")
    )


def _move_copies(survivor: Contact, duplicate: Contact) -> None:
    """Copies of tickets: once for each person, and none for whoever asked."""
    has_it = sa.select(Participant.ticket_id).where(
        Participant.tenant_id == survivor.tenant_id, Participant.contact_id == survivor.id
    )
    asked = sa.select(Ticket.id).where(
        Ticket.tenant_id == survivor.tenant_id, Ticket.requester_id.in_([survivor.id, duplicate.id])
    )
    both = Participant.contact_id.in_([survivor.id, duplicate.id])
    twice = sa.and_(Participant.contact_id == duplicate.id, Participant.ticket_id.in_(has_it))
    db.session.execute(
        sa.delete(Participant)
        .where(
            Participant.tenant_id == survivor.tenant_id,
            sa.or_(twice, sa.and_(both, Participant.ticket_id.in_(asked))),
        )
        .execution_options(synchronize_session="fetch")
    )
    _move(Participant, Participant.contact_id, survivor, duplicate)
