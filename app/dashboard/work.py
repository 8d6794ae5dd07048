"""The work that waits: a member's own tickets, the longest waiting, and how it is spread over the team."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.extensions import db, now
from app.policy import Actor
from app.tickets.listing import ME, View, tickets_in
from app.tickets.models import Ticket

SHOWN = 6
SOON = timedelta(days=7)


@dataclass(frozen=True)
class Lists:
    """The first few tickets of each kind."""

    mine: Sequence[Ticket]  # the member's own, those that wait longest first
    due: Sequence[Ticket]  # the member's own that are due soon or late already
    waiting: Sequence[Ticket]  # anybody's, longest first


@dataclass(frozen=True)
class Load:
    """How many open tickets somebody or a queue has, how many requesters of them wait, and how many are late."""

    open: int = 0
    waiting: int = 0
    late: int = 0


@dataclass(frozen=True)
class Loads:
    """The team's load; None is nobody's."""

    people: dict[UUID | None, Load]
    queues: dict[UUID, Load]

    @property
    def total(self) -> Load:
        loads = self.queues.values()
        return Load(*(sum(getattr(each, name) for each in loads) for name in ("open", "waiting", "late")))


def lists_for(member: Actor) -> Lists:
    """All three lists in two queries: which tickets, then what their rows show."""
    own, everybodys = tickets_in(View(assignee=ME), member), tickets_in(View(), member)
    parts = {
        "mine": own.order_by(Ticket.waiting_since.asc().nulls_last(), Ticket.last_message_at.desc()),
        "due": own.where(Ticket.due_at < now() + SOON).order_by(Ticket.due_at),
        "waiting": everybodys.where(Ticket.waiting_since.is_not(None)).order_by(Ticket.waiting_since),
    }
    chosen = [
        sa.select(
            sa.literal(name).label("list"),
            select.with_only_columns(Ticket.id).limit(SHOWN).subquery(name).c.id.label("id"),
        )
        for name, select in parts.items()
    ]
    rows = db.session.execute(sa.union_all(*chosen)).all()
    found = _loaded({row.id for row in rows}, member)
    return Lists(**{name: [found[row.id] for row in rows if row.list == name] for name in parts})


def loads_of(member: Actor) -> Loads:
    """Open tickets by assignee and by queue, in one query."""
    waiting = sa.func.count().filter(Ticket.waiting_since.is_not(None))
    late = sa.func.count().filter(Ticket.due_at < now())
    by_person = sa.func.grouping(Ticket.queue_id) == 1
    columns: Any = (by_person, Ticket.assignee_id, Ticket.queue_id, sa.func.count(), waiting, late)
    sets = sa.func.grouping_sets(sa.tuple_(Ticket.assignee_id), sa.tuple_(Ticket.queue_id))
    rows = db.session.execute(tickets_in(View(), member).with_only_columns(*columns).group_by(sets)).all()
    return Loads(
        people={row[1]: Load(*row[3:]) for row in rows if row[0]},
        queues={row[2]: Load(*row[3:]) for row in rows if not row[0]},
    )


def _loaded(ids: set[UUID], member: Actor) -> dict[UUID, Ticket]:
    select = Ticket.visible_to(member).where(Ticket.id.in_(ids))
    loaded = select.options(
        joinedload(Ticket.status, innerjoin=True), joinedload(Ticket.requester, innerjoin=True)
    )
    return {each.id: each for each in db.session.scalars(loaded)}
