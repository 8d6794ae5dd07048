"""One change to many tickets, by the verbs of one: each is changed, was so already, or is left with a reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload

from app.events import Event, EventKind
from app.extensions import db
from app.organisations.models import Membership
from app.policy import Actor
from app.tickets import changing
from app.tickets.models import Priority, Ticket
from app.tickets.settings import Queue, Status
from app.tickets.wording import what_happened

MOST = 100  # tickets in one request: all of them stay locked until it is done


@dataclass(frozen=True)
class Step:
    """One thing asked of every ticket, and the events by which a colleague may have decided it meanwhile."""

    kinds: frozenset[EventKind]
    is_so: Callable[[Ticket], bool]
    make_so: Callable[[Ticket, Actor], None]


@dataclass
class Outcome:
    """What became of the tickets, by number; `left` says why each of them was not touched."""

    changed: list[int] = field(default_factory=list)
    already: list[int] = field(default_factory=list)
    left: dict[int, str] = field(default_factory=dict)


def to_status(status: Status) -> Step:
    """The ticket has this status."""
    return Step(
        frozenset({EventKind.TICKET_STATUS_CHANGED}),
        lambda ticket: ticket.status_id == status.id,
        lambda ticket, by: changing.move_to(ticket, status, by=by),
    )


def to_assignee(assignee: Membership | None) -> Step:
    """The ticket is this member's, or nobody's."""
    return Step(
        frozenset({EventKind.TICKET_ASSIGNED, EventKind.TICKET_UNASSIGNED}),
        lambda ticket: ticket.assignee_id == (assignee.id if assignee else None),
        lambda ticket, by: changing.assign(ticket, assignee, by=by),
    )


def to_queue(queue: Queue) -> Step:
    """The ticket waits in this queue."""
    return Step(
        frozenset({EventKind.TICKET_QUEUE_CHANGED}),
        lambda ticket: ticket.queue_id == queue.id,
        lambda ticket, by: changing.move_to_queue(ticket, queue, by=by),
    )


def to_priority(priority: Priority) -> Step:
    """The ticket is this urgent."""
    return Step(
        frozenset({EventKind.TICKET_PRIORITY_CHANGED}),
        lambda ticket: ticket.priority is priority,
        lambda ticket, by: changing.prioritise(ticket, priority, by=by),
    )


def with_tag(name: str) -> Step:
    """The ticket has this tag besides those it has."""
    tag = changing.find_or_add_tag(name)
    return Step(
        frozenset(),
        lambda ticket: tag in ticket.tags,
        lambda ticket, by: changing.put_tag(ticket, tag, by=by),
    )


def without_tag(name: str) -> Step:
    """The ticket has not this tag."""
    return Step(
        frozenset(),
        lambda ticket: name not in {tag.name for tag in ticket.tags},
        lambda ticket, by: changing.take_tag(
            ticket, next(tag for tag in ticket.tags if tag.name == name), by=by
        ),
    )


def change_all(numbers: Sequence[int], steps: Sequence[Step], *, by: Actor, seen_at: datetime) -> Outcome:
    """Take the steps on each of the tickets that the actor may see.

    `seen_at` is when the actor read the list: what a colleague has decided or finished since then stands, and is
    reported. Reads do not grow with the tickets. The caller commits.
    """
    asked = list(dict.fromkeys(numbers))
    outcome = Outcome(left=dict.fromkeys(asked[MOST:], _("only %(num)d can be changed at once", num=MOST)))
    tickets = _locked(asked[:MOST], by)
    since = _since(tickets, by, seen_at)
    for ticket in tickets:
        wanted = [step for step in steps if not step.is_so(ticket)]
        clash = _clash(ticket, wanted, since.get(ticket.id, []))
        if clash:
            outcome.left[ticket.number] = what_happened(clash)
            continue
        for step in wanted:
            step.make_so(ticket, by)
        (outcome.changed if wanted else outcome.already).append(ticket.number)
    known = {ticket.number for ticket in tickets}
    outcome.left |= {number: _("not found") for number in asked[:MOST] if number not in known}
    return outcome


def _locked(numbers: Sequence[int], by: Actor) -> Sequence[Ticket]:
    """The visible tickets with what the verbs ask of them, locked in one order, so that two batches never deadlock."""
    return db.session.scalars(
        Ticket.visible_to(by)
        .where(Ticket.number.in_(numbers))
        .options(
            joinedload(Ticket.status, innerjoin=True),
            joinedload(Ticket.queue, innerjoin=True),
            joinedload(Ticket.assignee).joinedload(Membership.user, innerjoin=True),
            selectinload(Ticket.tags),
        )
        .order_by(Ticket.id)
        .with_for_update(of=Ticket)
    ).all()


def _since(tickets: Sequence[Ticket], by: Actor, seen_at: datetime) -> dict[UUID, list[Event]]:
    """What others did to the tickets since the actor read the list, latest first."""
    found: dict[UUID, list[Event]] = {}
    acts = db.session.scalars(
        sa.select(Event)
        .where(
            Event.tenant_id == by.tenant_id,
            Event.ticket_id.in_([ticket.id for ticket in tickets]),
            Event.created_at > seen_at,
            Event.user_id.is_distinct_from(by.user_id),
        )
        .order_by(Event.created_at.desc(), Event.id.desc())
    )
    for act in acts:
        if act.ticket_id:
            found.setdefault(act.ticket_id, []).append(act)
    return found


def _clash(ticket: Ticket, wanted: Sequence[Step], acts: Sequence[Event]) -> Event | None:
    """The act that stands against the change: on the same field, or one that finished the ticket."""
    kinds: set[EventKind] = set().union(*(step.kinds for step in wanted))
    if wanted and not ticket.is_open:
        kinds.add(EventKind.TICKET_STATUS_CHANGED)
    return next((act for act in acts if act.kind in kinds), None)
