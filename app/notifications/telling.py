"""Telling members of an event: whom it concerns, less those who did it or may not see it."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa

from app.auth.models import User
from app.events import Event, EventKind
from app.extensions import db
from app.notifications.choosing import Happening, mentioned, who
from app.notifications.noting import note
from app.notifications.recipients import names_on, recipients
from app.notifications.watching import involve, watchers_of
from app.organisations.models import Membership
from app.policy import ActorKind
from app.tickets.conversation import Comment
from app.tickets.models import Ticket
from app.tickets.settings import Contact, QueueMember

SPOKEN = (EventKind.COMMENT_INTERNAL, EventKind.COMMENT_PUBLIC_BY_AGENT, EventKind.TICKET_CREATED)
TO_THE_QUEUE = (
    EventKind.TICKET_CREATED,
    EventKind.TICKET_QUEUE_CHANGED,
    EventKind.COMMENT_PUBLIC_BY_REQUESTER,
)
TO_WATCHERS = (
    EventKind.COMMENT_INTERNAL,
    EventKind.COMMENT_PUBLIC_BY_AGENT,
    EventKind.COMMENT_PUBLIC_BY_REQUESTER,
)


def tell(event: Event) -> None:
    """Tell whom the event concerns. Told again, it changes nothing: one row per event and member."""
    ticket = db.session.get(Ticket, (event.tenant_id, event.ticket_id)) if event.ticket_id else None
    if ticket is None:
        return
    happening = _observe(event, ticket)
    reasons = who(happening)
    authors = _authors(event)
    told = [each for each in recipients(ticket, reasons) if each.user_id not in authors] if reasons else []
    note(event, ticket, [(each, reasons[each.membership_id]) for each in told])
    _involve(event, ticket, happening, {each.membership_id for each in told})


def _observe(event: Event, ticket: Ticket) -> Happening:
    comment = db.session.get(Comment, (event.tenant_id, event.comment_id)) if event.comment_id else None
    is_spoken = event.actor_kind is ActorKind.AGENT and event.kind in SPOKEN and comment is not None
    return Happening(
        kind=event.kind,
        is_first=comment is not None and comment.is_first,
        assignee=ticket.assignee_id if _is_still_assigned(event, ticket) else None,
        queue_members=_queue_members(ticket) if event.kind in TO_THE_QUEUE else frozenset(),
        watchers=watchers_of(ticket) if event.kind in TO_WATCHERS else frozenset(),
        mentioned=_mentioned(comment, ticket) if comment and is_spoken else frozenset(),
    )


def _is_still_assigned(event: Event, ticket: Ticket) -> bool:
    """Of several assignments in a row only the one that stands is told; the event knows its assignee by name."""
    if event.kind is not EventKind.TICKET_ASSIGNED:
        return True
    return (
        ticket.assignee is not None and event.changes.get("assignee", [None, None])[1] == ticket.assignee.name
    )


def _queue_members(ticket: Ticket) -> frozenset[UUID]:
    members = sa.select(QueueMember.membership_id).where(
        QueueMember.tenant_id == ticket.tenant_id, QueueMember.queue_id == ticket.queue_id
    )
    return frozenset(db.session.scalars(members))


def _mentioned(comment: Comment, ticket: Ticket) -> frozenset[UUID]:
    return mentioned(comment.text, names_on(ticket)) if "@" in comment.text else frozenset()


def _authors(event: Event) -> Collection[UUID]:
    """The users who did it: the agent, or the login behind a contact (a colleague who wrote in by mail)."""
    if event.user_id is not None:
        return {event.user_id}
    if event.contact_id is None:
        return ()
    contact = db.session.get(Contact, (event.tenant_id, event.contact_id))
    if contact is None:
        return ()
    same_address = sa.select(User.id).where(User.email == contact.email)
    return {contact.user_id, *db.session.scalars(same_address)}


def _involve(event: Event, ticket: Ticket, happening: Happening, told: set[UUID]) -> None:
    """Whoever speaks, is assigned or is mentioned follows the ticket from then on."""
    author = None
    if event.actor_kind is ActorKind.AGENT and event.kind in SPOKEN:
        author = db.session.scalar(
            sa.select(Membership.id).where(
                Membership.tenant_id == event.tenant_id, Membership.user_id == event.user_id
            )
        )
    assigned = (
        {happening.assignee} if event.kind is EventKind.TICKET_ASSIGNED and happening.assignee else set()
    )
    involve(ticket, assigned | (happening.mentioned & told), author)
