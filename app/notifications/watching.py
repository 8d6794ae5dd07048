"""Following a ticket: by one's own wish, or because one has to do with it."""

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.extensions import db, new_id, now
from app.notifications.models import Watcher
from app.policy import Actor
from app.tickets.models import Ticket


def watch(ticket: Ticket, *, by: Actor) -> None:
    """Follow the ticket, also after having stopped. Partner admins without a membership cannot."""
    if by.membership_id is not None:
        _add(ticket, [by.membership_id], restart=True)


def unwatch(ticket: Ticket, *, by: Actor) -> None:
    """Stop following the ticket; being mentioned or assigned later does not start it again."""
    if by.membership_id is None:
        return
    stopped = insert(Watcher).values(_row(ticket, by.membership_id) | {"stopped_at": now()})
    stopped = stopped.on_conflict_do_update(
        index_elements=["tenant_id", "ticket_id", "membership_id"], set_={"stopped_at": now()}
    )
    db.session.execute(stopped)


def involve(ticket: Ticket, members: Iterable[UUID], author: UUID | None = None) -> None:
    """Let members follow what they have to do with; `author`, who spoke on it, also after having stopped."""
    others = sorted(set(members) - {author})
    if others:
        _add(ticket, others, restart=False)
    if author is not None:
        _add(ticket, [author], restart=True)


def watchers_of(ticket: Ticket) -> frozenset[UUID]:
    """The memberships that follow the ticket."""
    return frozenset(
        db.session.scalars(
            sa.select(Watcher.membership_id).where(
                Watcher.tenant_id == ticket.tenant_id,
                Watcher.ticket_id == ticket.id,
                Watcher.stopped_at.is_(None),
            )
        )
    )


def _add(ticket: Ticket, members: list[UUID], *, restart: bool) -> None:
    statement = insert(Watcher).values([_row(ticket, each) for each in members])
    key = ["tenant_id", "ticket_id", "membership_id"]
    if restart:
        statement = statement.on_conflict_do_update(index_elements=key, set_={"stopped_at": None})
    else:
        statement = statement.on_conflict_do_nothing(index_elements=key)
    db.session.execute(statement)


def _row(ticket: Ticket, membership_id: UUID) -> dict[str, object]:
    return {
        "tenant_id": ticket.tenant_id,
        "id": new_id(),
        "ticket_id": ticket.id,
        "membership_id": membership_id,
        "created_at": now(),
    }
