"""The rows of what members were told: one for each event and member, folded where somebody edits in bulk."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert

from app.events import Event
from app.extensions import db, new_id, now
from app.jobs import later
from app.notifications.choosing import FOLDS, Channel, Reason, channels, strongest
from app.notifications.models import MailState, Notification
from app.notifications.recipients import Recipient
from app.notifications.timing import due_at
from app.organisations.models import Membership
from app.tickets.models import Ticket

FOLDING = timedelta(minutes=2)  # acts of one author on many tickets that are this close are one bulk edit
MAIL = "notifications.jobs.mail"

Told = Sequence[tuple[Recipient, frozenset[Reason]]]


def note(event: Event, ticket: Ticket, told: Told) -> None:
    """Write down who is told why, and have the mail of those who want one written when it is due."""
    due = _due(
        [each for each, why in told if each.wants_mail and Channel.MAIL in channels(each.choices, why)]
    )
    folds = _folds(event, [each.membership_id for each, why in told if strongest(why) in FOLDS])
    rows = [
        _row(event, ticket, each, why, due, folds)
        for each, why in told
        if each.membership_id in due or Channel.APP in channels(each.choices, why)
    ]
    if not rows:
        return
    statement = insert(Notification).values(rows).on_conflict_do_nothing()
    for member in db.session.scalars(statement.returning(Notification.membership_id)).all():
        if member in due:
            ask_for_mail(member, due[member])


def ask_for_mail(membership_id: UUID, due: datetime) -> None:
    """Have the member's waiting mail written at that moment; asked twice, it is done once."""
    later(MAIL, membership_id, run_at=due, unique_key=f"notices:{membership_id}:{due.isoformat()}")


def lock(members: Sequence[UUID]) -> None:
    """Hold these members' notices until the commit.

    The job that writes mail holds them too: so a new row is either seen by the job that is about to run, or
    finds that job gone and asks for another.
    """
    locked = sa.select(Membership.id).where(Membership.id.in_(members)).order_by(Membership.id)
    db.session.execute(locked.with_for_update(key_share=True))


def _row(
    event: Event,
    ticket: Ticket,
    recipient: Recipient,
    why: frozenset[Reason],
    due: dict[UUID, datetime],
    folds: dict[UUID, UUID],
) -> dict[str, Any]:
    own_id, member, reason = new_id(), recipient.membership_id, strongest(why)
    return {
        "tenant_id": event.tenant_id,
        "id": own_id,
        "membership_id": member,
        "event_id": event.id,
        "ticket_id": ticket.id,
        "reason": reason,
        "fold": folds.get(member, own_id) if reason in FOLDS else own_id,
        "is_shown": Channel.APP in channels(recipient.choices, why),
        "mail": MailState.WAITING if member in due else MailState.NONE,
        "mail_due_at": due.get(member),
        "created_at": now(),
    }


def _due(members: list[Recipient]) -> dict[UUID, datetime]:
    """When each member's mail is due: with what waits already, where that is no later."""
    if not members:
        return {}
    ids = [each.membership_id for each in members]
    lock(ids)
    moment = now()
    rows = db.session.execute(
        sa.select(Notification.membership_id, sa.func.min(Notification.mail_due_at))
        .where(
            Notification.membership_id.in_(ids),
            Notification.mail == MailState.WAITING,
            Notification.mail_due_at > moment,
        )
        .group_by(Notification.membership_id)
    )
    waiting: dict[UUID, Any] = {row[0]: row[1] for row in rows}
    wanted = {each.membership_id: due_at(moment, each.rhythm) for each in members}
    return {member: min(due, waiting.get(member, due)) for member, due in wanted.items()}


def _folds(event: Event, members: list[UUID]) -> dict[UUID, UUID]:
    """What each member was told just now of the same kind by the same author: it takes this one in."""
    if not members:
        return {}
    rows = db.session.execute(
        sa.select(Notification.membership_id, Notification.fold)
        .ext(distinct_on(Notification.membership_id))
        .join(Event, sa.and_(Event.tenant_id == Notification.tenant_id, Event.id == Notification.event_id))
        .where(
            Notification.membership_id.in_(members),
            Notification.id > _first_id_of(now() - FOLDING),
            Notification.reason.in_(FOLDS),
            Event.kind == event.kind,
            Event.actor_kind == event.actor_kind,
            Event.actor_name == event.actor_name,
            Event.user_id.is_not_distinct_from(event.user_id),
            Event.contact_id.is_not_distinct_from(event.contact_id),
        )
        .order_by(Notification.membership_id, Notification.id.desc())
    )
    return {row[0]: row[1] for row in rows}


def _first_id_of(moment: datetime) -> UUID:
    """The smallest id made at that moment: a UUIDv7 starts with its milliseconds (RFC 9562)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
