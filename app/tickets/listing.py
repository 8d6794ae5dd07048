"""The inbox's questions to the database: one filter read from the URL, its rows, and the folders' counts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from app.extensions import db
from app.organisations.models import Membership
from app.policy import Actor
from app.tickets import search
from app.tickets.models import OPEN_CATEGORIES, Priority, Ticket, TicketTag
from app.tickets.search_words import number_in
from app.tickets.settings import Queue, Status, StatusCategory, Tag

SORTS: dict[str, Any] = {
    "recent": (Ticket.last_message_at.desc(), Ticket.id.desc()),
    "oldest": (Ticket.last_message_at.asc(), Ticket.id.asc()),
    "waiting": (Ticket.waiting_since.asc().nulls_last(), Ticket.id.asc()),
    "priority": (Ticket.priority.desc(), Ticket.last_message_at.desc(), Ticket.id.desc()),
    "number": (Ticket.number.desc(),),
    "due": (Ticket.due_at.asc().nulls_last(), Ticket.id.desc()),
}
ROW = (
    joinedload(Ticket.status, innerjoin=True),
    joinedload(Ticket.queue, innerjoin=True),
    joinedload(Ticket.requester, innerjoin=True),
    joinedload(Ticket.assignee).joinedload(Membership.user, innerjoin=True),
    selectinload(Ticket.tags),
)
NOBODY, ME, ALL_OPEN, ANY = "nobody", "me", "open", "any"


@dataclass(frozen=True)
class View:
    """What a list shows; every field is a query parameter of the inbox, so that the URL is the view."""

    status: str = ALL_OPEN  # open (all open categories), any, or a category
    assignee: str = ""  # me, nobody or a membership's id
    queue: UUID | None = None
    priority: Priority | None = None
    tag: str = ""
    requester: UUID | None = None
    q: str = ""  # as typed into the search
    sort: str = "recent"


def tickets_in(view: View, member: Actor) -> "sa.Select[Ticket]":
    """The tickets of the view that the member may see, unordered."""
    select = Ticket.visible_to(member)
    if view.status == ALL_OPEN:
        select = select.where(Ticket.status_id.in_(_statuses(member, OPEN_CATEGORIES)))
    elif view.status != ANY:
        select = select.where(Ticket.status_id.in_(_statuses(member, [StatusCategory(view.status)])))
    if view.assignee == NOBODY:
        select = select.where(Ticket.assignee_id.is_(None))
    elif view.assignee:
        mine = view.assignee == ME
        select = select.where(_mine(member) if mine else Ticket.assignee_id == UUID(view.assignee))
    if view.queue:
        select = select.where(Ticket.queue_id == view.queue)
    if view.priority:
        select = select.where(Ticket.priority == view.priority)
    if view.requester:
        select = select.where(Ticket.requester_id == view.requester)
    if view.tag:
        select = select.where(Ticket.id.in_(_tagged(member, view.tag)))
    return _matching(select, view.q.strip(), member)


def ordered(select: "sa.Select[Any]", sort: str, *, with_rows: bool = True) -> "sa.Select[Any]":
    """The select in one of the orders offered, with everything a row shows loaded beside it where asked."""
    select = select.order_by(*SORTS.get(sort, SORTS["recent"]))
    return select.options(*ROW) if with_rows else select


def count(select: "sa.Select[Ticket]") -> "sa.Select[int]":
    """How many the select has."""
    return select.with_only_columns(sa.func.count(), maintain_column_froms=True).order_by(None)


@dataclass(frozen=True)
class Folders:
    """Open tickets at a glance, for the rail."""

    mine: int
    unassigned: int
    open: int
    queues: dict[UUID, int]


def folders(member: Actor) -> Folders:
    """How many open tickets wait where, in one query."""
    select = Ticket.visible_to(member).where(Ticket.status_id.in_(_statuses(member, OPEN_CATEGORIES)))
    mine = sa.func.count().filter(_mine(member))
    nobody = sa.func.count().filter(Ticket.assignee_id.is_(None))
    rows = db.session.execute(
        select.with_only_columns(Ticket.queue_id, sa.func.count(), mine, nobody).group_by(Ticket.queue_id)
    ).all()
    return Folders(
        mine=sum(row[2] for row in rows),
        unassigned=sum(row[3] for row in rows),
        open=sum(row[1] for row in rows),
        queues={row[0]: row[1] for row in rows},
    )


def queues_for(member: Actor) -> list[Queue]:
    """The queues in use, in the organisation's order."""
    return list(
        db.session.scalars(
            sa.select(Queue)
            .where(Queue.tenant_id == member.tenant_id, Queue.retired_at.is_(None))
            .order_by(Queue.position, Queue.name)
        )
    )


def statuses_for(member: Actor) -> list[Status]:
    """The statuses in use, in the organisation's order."""
    return list(
        db.session.scalars(
            sa.select(Status)
            .where(Status.tenant_id == member.tenant_id, Status.retired_at.is_(None))
            .order_by(Status.position)
        )
    )


def colleagues_of(member: Actor) -> list[Membership]:
    """Everybody a ticket can be assigned to, by name."""
    select = (
        sa.select(Membership)
        .join(Membership.user)
        .options(contains_eager(Membership.user))
        .where(Membership.tenant_id == member.tenant_id, Membership.ended_at.is_(None))
    )
    return sorted(db.session.scalars(select), key=lambda m: m.user.name.lower())


def changed_since(member: Actor, view: View, moment: datetime) -> int:
    """How many tickets of the view have a message newer than the moment, for the bar above the list."""
    select = tickets_in(view, member).where(Ticket.last_message_at > moment)
    return db.session.scalar(count(select)) or 0


def _mine(member: Actor) -> "sa.ColumnElement[bool]":
    """A partner's admin has no membership, so nothing is theirs; `= NULL` would become what is nobody's."""
    return Ticket.assignee_id == member.membership_id if member.membership_id else sa.false()


def _statuses(member: Actor, categories: Any) -> "sa.Select[UUID]":
    return sa.select(Status.id).where(Status.tenant_id == member.tenant_id, Status.category.in_(categories))


def _tagged(member: Actor, name: str) -> "sa.Select[UUID]":
    return (
        sa.select(TicketTag.ticket_id)
        .join(Tag, sa.and_(Tag.tenant_id == TicketTag.tenant_id, Tag.id == TicketTag.tag_id))
        .where(TicketTag.tenant_id == member.tenant_id, Tag.name == name.lower())
    )


def _matching(select: "sa.Select[Ticket]", words: str, member: Actor) -> "sa.Select[Ticket]":
    if not words:
        return select
    matches = Ticket.id.in_(search.matching(member.tenant_id, search.sought_in(words)))
    number = number_in(words)
    return select.where(sa.or_(Ticket.number == number, matches) if number is not None else matches)
