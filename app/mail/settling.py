"""The end states of a mail in, each with its reason: the one place where a message's state is written."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.events import EventKind, record
from app.extensions import db, now
from app.jobs import later
from app.jobs.dead import forget
from app.mail.models import InboundMessage, InboundState
from app.organisations.models import Organisation
from app.policy import Actor, ActorKind
from app.tickets.conversation import Comment
from app.tickets.models import Ticket

RECEIVE = "mail.receive.receive"


def ticketed(message: InboundMessage, ticket: Ticket, comment: Comment | None) -> None:
    """It opened this ticket."""
    _settle(message, InboundState.TICKETED, "", ticket, comment)


def threaded(message: InboundMessage, ticket: Ticket, comment: Comment | None, reason: str = "") -> None:
    """It was added to this ticket, as what `reason` says where it is no ordinary answer."""
    _settle(message, InboundState.THREADED, reason, ticket, comment)


def duplicate(message: InboundMessage, of: InboundMessage) -> None:
    """It had come before."""
    message.identity = None
    message.ticket_id, message.comment_id = of.ticket_id, of.comment_id
    _settle(message, InboundState.DUPLICATE, f"the same as {of.id}")


def hold(message: InboundMessage, reason: str, ticket: Ticket | None = None) -> None:
    """It waits for somebody to look at it; `ticket` is where it would have gone."""
    _settle(message, InboundState.HELD, reason, ticket)
    record(
        EventKind.EMAIL_HELD,
        by=system(message),
        ticket_id=ticket.id if ticket else None,
        changes={"from": [None, message.from_address], "reason": [None, reason]},
    )


def drop(message: InboundMessage, reason: str, ticket: Ticket | None = None) -> None:
    """It is of no use to anybody; the row and the raw mail stay."""
    _settle(message, InboundState.DROPPED, reason, ticket)


def release(message: InboundMessage, *, by: Actor) -> None:
    """Let a held or dropped mail in: it takes the normal way once more, past the checks that stopped it."""
    if message.state not in (InboundState.HELD, InboundState.DROPPED):
        return
    note(message, released_by=by.name, was=message.reason)
    record(EventKind.EMAIL_RELEASED, by=by, ticket_id=message.ticket_id)
    _start_again(message)


def reconsider(message: InboundMessage) -> None:
    """Have a held or dropped mail decided on anew, by the same checks as every other."""
    if message.state not in (InboundState.HELD, InboundState.DROPPED):
        return
    message.ticket_id = None
    _start_again(message)


def discard(message: InboundMessage, *, by: Actor) -> None:
    """Decide that a held mail is of no use."""
    if message.state is InboundState.HELD:
        note(message, dropped_by=by.name, was=message.reason)
        drop(message, "discarded")


def note(message: InboundMessage, **findings: Any) -> None:
    """Keep what was seen while deciding, for whoever asks why."""
    message.findings = message.findings | findings


def is_released(message: InboundMessage) -> bool:
    """Tell whether somebody has looked at the mail and let it in."""
    return "released_by" in message.findings


def is_suspended(message: InboundMessage) -> bool:
    """Tell whether the message's organisation is suspended now: its mail is kept, and nothing done with it."""
    return db.session.get_one(Organisation, message.tenant_id).is_suspended


def earlier(message: InboundMessage, identity: str) -> InboundMessage | None:
    """Give the message that came first with this identity, None if this is the first."""
    return db.session.scalar(
        sa.select(InboundMessage).where(
            InboundMessage.tenant_id == message.tenant_id,
            InboundMessage.identity == identity,
            InboundMessage.id != message.id,
        )
    )


def _start_again(message: InboundMessage) -> None:
    message.state, message.reason, message.processed_at = InboundState.RECEIVED, "", None
    forget(RECEIVE, message.id)
    later(RECEIVE, message.id)


def _settle(
    message: InboundMessage,
    state: InboundState,
    reason: str,
    ticket: Ticket | None = None,
    comment: Comment | None = None,
) -> None:
    message.state, message.reason, message.processed_at = state, reason, now()
    if ticket is not None:
        message.ticket_id = ticket.id
    if comment is not None:
        message.comment_id = comment.id


def system(message: InboundMessage) -> Actor:
    """The system as the author of acts."""
    return Actor(ActorKind.SYSTEM, message.tenant_id)
