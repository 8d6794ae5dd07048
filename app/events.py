"""What happened: one row for each act, written with it, shown as a ticket's history and the head of every reaction."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model, db, words
from app.jobs import Lane, job, later
from app.policy import Actor, ActorKind
from app.tenancy import Tenanted, tenant_key


class EventKind(StrEnum):
    """Every kind of act there is."""

    TICKET_CREATED = "ticket.created"
    TICKET_STATUS_CHANGED = "ticket.status_changed"
    TICKET_PRIORITY_CHANGED = "ticket.priority_changed"
    TICKET_QUEUE_CHANGED = "ticket.queue_changed"
    TICKET_ASSIGNED = "ticket.assigned"
    TICKET_UNASSIGNED = "ticket.unassigned"
    TICKET_TAGGED = "ticket.tagged"
    TICKET_UNTAGGED = "ticket.untagged"
    TICKET_DUE_CHANGED = "ticket.due_changed"
    TICKET_SUBJECT_CHANGED = "ticket.subject_changed"
    PARTICIPANT_ADDED = "participant.added"
    PARTICIPANT_REMOVED = "participant.removed"
    COMMENT_PUBLIC_BY_AGENT = "comment.public_by_agent"
    COMMENT_PUBLIC_BY_REQUESTER = "comment.public_by_requester"
    COMMENT_INTERNAL = "comment.internal"
    COMMENT_TAKEN_BACK = "comment.taken_back"
    CONTACT_CHANGED = "contact.changed"
    CONTACT_MERGED = "contact.merged"
    CONTACT_BLOCKED = "contact.blocked"
    CONTACT_UNBLOCKED = "contact.unblocked"
    EMAIL_BOUNCED = "email.bounced"
    EMAIL_AUTO_REPLY = "email.auto_reply"
    EMAIL_HELD = "email.held"
    EMAIL_RELEASED = "email.released"
    EMAIL_FAILED = "email.failed"
    MEMBER_INVITED = "member.invited"
    MEMBER_INVITATION_WITHDRAWN = "member.invitation_withdrawn"
    MEMBER_JOINED = "member.joined"
    MEMBER_ROLE_CHANGED = "member.role_changed"
    MEMBER_QUEUES_CHANGED = "member.queues_changed"
    MEMBER_ENDED = "member.ended"
    SECOND_FACTOR_REQUIRED = "organisation.second_factor_required"
    ORGANISATION_SUSPENDED = "organisation.suspended"
    ORGANISATION_REOPENED = "organisation.reopened"


class Event(Tenanted, Model):
    """Who did what to which ticket, with old and new values as people read them."""

    __tablename__ = "events"
    __table_args__ = (
        tenant_key("ticket_id", "tickets"),
        tenant_key("comment_id", "comments"),
        tenant_key("contact_id", "contacts"),
        sa.Index("ix_events_ticket", "tenant_id", "ticket_id", "id"),
    )

    kind: Mapped[EventKind] = mapped_column(words(EventKind))
    ticket_id: Mapped[UUID | None]
    comment_id: Mapped[UUID | None]
    actor_kind: Mapped[ActorKind] = mapped_column(words(ActorKind))
    actor_name: Mapped[str] = mapped_column(server_default="")
    user_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    contact_id: Mapped[UUID | None]
    changes: Mapped[dict[str, Any]] = mapped_column(server_default=sa.text("'{}'::jsonb"))
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.clock_timestamp())


Reaction = Callable[[Event], None]
reactions: dict[EventKind, list[Reaction]] = {}


def on(*kinds: EventKind) -> Callable[[Reaction], Reaction]:
    """Declare what follows events of these kinds (used in app/reactions.py only)."""

    def declare(reaction: Reaction) -> Reaction:
        for kind in kinds:
            reactions.setdefault(kind, []).append(reaction)
        return reaction

    return declare


def record(
    kind: EventKind,
    *,
    by: Actor,
    ticket_id: UUID | None = None,
    comment_id: UUID | None = None,
    contact_id: UUID | None = None,
    changes: dict[str, Any] | None = None,
    held_until: datetime | None = None,
    unique_key: str | None = None,
) -> Event:
    """Write the event down beside its act, and have its reactions run after the commit.

    `contact_id` is the contact that the act is about; by a contact, it is the author. `held_until` keeps the
    reactions waiting; meanwhile `jobs.cancel(unique_key)` takes them back.
    """
    event = Event(
        kind=kind,
        ticket_id=ticket_id,
        comment_id=comment_id,
        actor_kind=by.kind,
        actor_name=by.name,
        user_id=by.user_id,
        contact_id=contact_id or by.contact_id,
        changes=changes or {},
    )
    db.session.add(event)
    if kind in reactions:
        db.session.flush()
        later(react, event.id, run_at=held_until, unique_key=unique_key)
    return event


@job(lane=Lane.INTERACTIVE)
def react(event_id: str) -> None:
    """Run everything that follows one event, in one transaction: all of it happens, once, or none yet."""
    event = db.session.scalar(sa.select(Event).where(Event.id == UUID(event_id)))
    if event is None:
        return
    for reaction in reactions.get(event.kind, []):
        reaction(event)
