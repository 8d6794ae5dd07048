"""The one writer of each of a ticket's fields. A verb records old and new, and nothing when nothing changes."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.events import EventKind, record
from app.extensions import db, now
from app.organisations.models import Membership
from app.policy import Actor, Conflict
from app.tenancy import current_tenant_id
from app.tickets.models import Participant, Priority, Ticket, TicketTag
from app.tickets.search_index import index_anew
from app.tickets.settings import Contact, Queue, Status, StatusCategory, Tag

TAG_LENGTH = 50


def move_to(ticket: Ticket, status: Status, *, by: Actor) -> None:
    """Change the status, and with its category the resolved and closed times."""
    if status.id == ticket.status_id:
        return
    before, ticket.status, ticket.status_id = ticket.status, status, status.id
    done = status.category in (StatusCategory.RESOLVED, StatusCategory.CLOSED)
    ticket.resolved_at = (ticket.resolved_at or now()) if done else None
    ticket.closed_at = now() if status.category is StatusCategory.CLOSED else None
    if done:
        ticket.waiting_since = None
    _changed(ticket, EventKind.TICKET_STATUS_CHANGED, "status", before.name, status.name, by)


def move_to_category(ticket: Ticket, category: StatusCategory, *, by: Actor) -> None:
    """Change to the organisation's first status of the category; nothing when it is in that category already."""
    if ticket.status.category is category:
        return
    status = db.session.scalars(
        sa.select(Status)
        .where(Status.tenant_id == ticket.tenant_id, Status.category == category, Status.retired_at.is_(None))
        .order_by(Status.position, Status.id)
        .limit(1)
    ).one()
    move_to(ticket, status, by=by)


def assign(ticket: Ticket, assignee: Membership | None, *, by: Actor) -> None:
    """Give the ticket to a member, or to nobody."""
    if (assignee.id if assignee else None) == ticket.assignee_id:
        return
    before = ticket.assignee.name if ticket.assignee else None
    ticket.assignee, ticket.assignee_id = assignee, assignee.id if assignee else None
    kind = EventKind.TICKET_ASSIGNED if assignee else EventKind.TICKET_UNASSIGNED
    _changed(ticket, kind, "assignee", before, assignee.name if assignee else None, by)


def move_to_queue(ticket: Ticket, queue: Queue, *, by: Actor) -> None:
    """Let the ticket wait in another queue."""
    if queue.id == ticket.queue_id:
        return
    before, ticket.queue, ticket.queue_id = ticket.queue, queue, queue.id
    _changed(ticket, EventKind.TICKET_QUEUE_CHANGED, "queue", before.name, queue.name, by)


def prioritise(ticket: Ticket, priority: Priority, *, by: Actor) -> None:
    """Change how urgent it is."""
    if priority is ticket.priority:
        return
    before, ticket.priority = ticket.priority, priority
    _changed(ticket, EventKind.TICKET_PRIORITY_CHANGED, "priority", before.word, priority.word, by)


def rename(ticket: Ticket, subject: str, *, by: Actor) -> None:
    """Change the subject."""
    if subject == ticket.subject:
        return
    before, ticket.subject = ticket.subject, subject
    index_anew([ticket.id])
    _changed(ticket, EventKind.TICKET_SUBJECT_CHANGED, "subject", before, subject, by)


def set_due(ticket: Ticket, due_at: datetime | None, *, by: Actor) -> None:
    """Set or clear when it should be done."""
    if due_at == ticket.due_at:
        return
    before, ticket.due_at = ticket.due_at, due_at
    _changed(
        ticket,
        EventKind.TICKET_DUE_CHANGED,
        "due",
        before.isoformat() if before else None,
        due_at.isoformat() if due_at else None,
        by,
    )


def tag_with(ticket: Ticket, names: list[str], *, by: Actor) -> None:
    """Make these the ticket's tags; words not yet used become tags. Order and case do not matter."""
    wanted = {tag_name(name) for name in names} - {""}
    present = {tag.name: tag for tag in ticket.tags}
    for name in sorted(wanted - present.keys()):
        put_tag(ticket, find_or_add_tag(name), by=by)
    for name in sorted(present.keys() - wanted):
        take_tag(ticket, present[name], by=by)
    if wanted != present.keys():
        db.session.flush()
        db.session.expire(ticket, ["tags"])


def put_tag(ticket: Ticket, tag: Tag, *, by: Actor) -> None:
    """Add a tag that the ticket has not."""
    db.session.add(TicketTag(tenant_id=ticket.tenant_id, ticket_id=ticket.id, tag_id=tag.id))
    record(EventKind.TICKET_TAGGED, by=by, ticket_id=ticket.id, changes={"tag": [None, tag.name]})
    ticket.updated_at = now()


def take_tag(ticket: Ticket, tag: Tag, *, by: Actor) -> None:
    """Remove a tag that the ticket has."""
    db.session.execute(
        sa.delete(TicketTag).where(
            TicketTag.tenant_id == ticket.tenant_id,
            TicketTag.ticket_id == ticket.id,
            TicketTag.tag_id == tag.id,
        )
    )
    record(EventKind.TICKET_UNTAGGED, by=by, ticket_id=ticket.id, changes={"tag": [tag.name, None]})
    ticket.updated_at = now()


def tag_name(text: str) -> str:
    """The word as tags are written."""
    return text.strip().lower()[:TAG_LENGTH]


def find_or_add_tag(name: str) -> Tag:
    """The organisation's tag of this name, made when there is none."""
    tag = db.session.scalar(sa.select(Tag).where(Tag.tenant_id == current_tenant_id(), Tag.name == name))
    if tag is None:
        tag = Tag(tenant_id=current_tenant_id(), name=name)
        db.session.add(tag)
        db.session.flush()
    return tag


def add_participant(ticket: Ticket, contact: Contact, *, by: Actor) -> None:
    """Put a contact in copy; the requester already reads everything."""
    if contact.id == ticket.requester_id or _participant(ticket, contact.id):
        return
    db.session.add(Participant(tenant_id=ticket.tenant_id, ticket_id=ticket.id, contact_id=contact.id))
    db.session.flush()
    changes = {"participant": [None, contact.email or contact.name]}
    record(EventKind.PARTICIPANT_ADDED, by=by, ticket_id=ticket.id, changes=changes)


def remove_participant(ticket: Ticket, contact: Contact, *, by: Actor) -> None:
    """Take a contact out of copy."""
    participant = _participant(ticket, contact.id)
    if participant is None:
        return
    db.session.delete(participant)
    changes = {"participant": [contact.email or contact.name, None]}
    record(EventKind.PARTICIPANT_REMOVED, by=by, ticket_id=ticket.id, changes=changes)


def participants(ticket: Ticket) -> list[Participant]:
    """Who is in copy, in the order they came."""
    return list(
        db.session.scalars(
            sa.select(Participant)
            .where(Participant.tenant_id == ticket.tenant_id, Participant.ticket_id == ticket.id)
            .order_by(Participant.created_at, Participant.id)
        )
    )


def expect(ticket: Ticket, field: str, seen: Any) -> None:
    """Raise Conflict when the field is no longer what the person saw when they decided to change it.

    `field` is a column of the ticket; `seen` its value as the form carried it, a string.
    """
    present = getattr(ticket, field)
    present = present.word if isinstance(present, Priority) else present
    if str(present or "") != str(seen or ""):
        raise Conflict(field, str(seen or ""), str(present or ""))


def _participant(ticket: Ticket, contact_id: UUID) -> Participant | None:
    return db.session.scalar(
        sa.select(Participant).where(
            Participant.tenant_id == ticket.tenant_id,
            Participant.ticket_id == ticket.id,
            Participant.contact_id == contact_id,
        )
    )


def _changed(ticket: Ticket, kind: EventKind, field: str, old: Any, new: Any, by: Actor) -> None:
    record(kind, by=by, ticket_id=ticket.id, changes={field: [old, new]})
