"""Loading what a ticket's pages speak of, always through the member; 404 or nothing where it is not theirs."""

from uuid import UUID

import sqlalchemy as sa
from flask import abort, g
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.organisations.models import Membership
from app.tickets.choices import Choices, choices_for
from app.tickets.models import Ticket
from app.tickets.settings import Queue, Status
from app.web import current_member, load_or_404


def ticket_numbered(number: int, *, lock: bool = False) -> Ticket:
    """The ticket with everything its page shows of it, locked where it is about to change."""
    select = Ticket.visible_to(current_member).where(Ticket.number == number)
    if lock:
        return load_or_404(select, lock=True)
    whole = select.options(
        joinedload(Ticket.status, innerjoin=True),
        joinedload(Ticket.queue, innerjoin=True),
        joinedload(Ticket.requester, innerjoin=True),
        joinedload(Ticket.assignee).joinedload(Membership.user, innerjoin=True),
        joinedload(Ticket.tags),
    )
    return db.session.scalars(whole).unique().one_or_none() or abort(404)


def choices() -> Choices:
    """What the member can choose from, asked once a request."""
    if "choices" not in g:
        g.choices = choices_for(current_member)
    found: Choices = g.choices
    return found


def status(status_id: UUID | str | None) -> Status:
    """A status in use."""
    return load_or_404(
        sa.select(Status).where(
            Status.tenant_id == current_member.tenant_id, Status.id == status_id, Status.retired_at.is_(None)
        )
    )


def queue(queue_id: UUID | str | None) -> Queue:
    """A queue in use."""
    return load_or_404(
        sa.select(Queue).where(
            Queue.tenant_id == current_member.tenant_id, Queue.id == queue_id, Queue.retired_at.is_(None)
        )
    )


def colleague(membership_id: UUID | str | None) -> Membership | None:
    """A member who has not left; None for nobody."""
    if not membership_id:
        return None
    found = db.session.scalar(
        sa.select(Membership).where(
            Membership.tenant_id == current_member.tenant_id,
            Membership.id == membership_id,
            Membership.ended_at.is_(None),
        )
    )
    return found or abort(404)
