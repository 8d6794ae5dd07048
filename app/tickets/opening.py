"""Opening a ticket: its number, its first status, its requester, its first message."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.events import EventKind, record
from app.extensions import db, new_id
from app.policy import Actor
from app.tenancy import current_tenant_id
from app.tickets.commenting import Message, add_message
from app.tickets.models import Counters, Priority, Ticket
from app.tickets.search_index import index_ticket
from app.tickets.settings import Contact, Queue, Status, StatusCategory


@dataclass(frozen=True)
class Request:
    """What is asked for: by a form, a mail or a program."""

    subject: str
    queue: Queue
    requester: Contact
    message: Message
    priority: Priority = Priority.MEDIUM
    origin: str = "web"
    due_at: datetime | None = None
    is_mailed: bool = False  # an agent's first message goes to the requester


def open_ticket(request: Request, *, by: Actor) -> Ticket:
    """Open the ticket with its first message. Its number is the organisation's next; none is ever given twice."""
    status = status_for(StatusCategory.NEW)
    ticket = Ticket(
        id=new_id(),
        tenant_id=by.tenant_id,
        number=next_number(),
        subject=request.subject,
        status=status,
        status_id=status.id,
        queue=request.queue,
        queue_id=request.queue.id,
        requester=request.requester,
        requester_id=request.requester.id,
        priority=request.priority,
        origin=request.origin,
        due_at=request.due_at,
    )
    db.session.add(ticket)
    db.session.flush()
    index_ticket(ticket)
    comment = add_message(ticket, request.message, by=by, is_first=True)
    record(EventKind.TICKET_CREATED, by=by, ticket_id=ticket.id, comment_id=comment.id)
    if request.is_mailed:
        record(EventKind.COMMENT_PUBLIC_BY_AGENT, by=by, ticket_id=ticket.id, comment_id=comment.id)
    return ticket


def next_number() -> int:
    """The next ticket number. The counter's row stays locked until the transaction ends, so none is given twice."""
    statement: Any = insert(Counters).values(tenant_id=current_tenant_id(), id=new_id(), last_number=1)
    statement = statement.on_conflict_do_update(
        index_elements=["tenant_id"], set_={"last_number": Counters.last_number + 1}
    )
    return db.session.scalars(statement.returning(Counters.last_number)).one()


def status_for(category: StatusCategory) -> Status:
    """The organisation's first status in use of a category. Each category always has one."""
    return db.session.scalars(
        sa.select(Status)
        .where(
            Status.tenant_id == current_tenant_id(), Status.category == category, Status.retired_at.is_(None)
        )
        .order_by(Status.position, Status.id)
        .limit(1)
    ).one()


def find_or_add_contact(email: str, name: str = "") -> Contact:
    """The organisation's contact with this address (lower-cased here), made when there is none.

    Two mails of a newcomer at once end in one contact.
    """
    address = email.strip().lower()
    values = {"tenant_id": current_tenant_id(), "id": new_id(), "email": address, "name": name.strip()[:200]}
    db.session.execute(insert(Contact).values(values).on_conflict_do_nothing())
    contact = db.session.scalars(Contact.known_by(current_tenant_id(), address)).one()
    if name and not contact.name:
        contact.name = name.strip()[:200]
    return contact
