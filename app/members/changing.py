"""Changing who a member is: role, queues, and leaving. There is always an admin left, whatever happens at once."""

from collections.abc import Sequence

import sqlalchemy as sa

from app.auth import sessions
from app.auth.models import User
from app.events import EventKind, record
from app.extensions import db, now
from app.members.queues import add_to_queues, leave_queues, queues_of
from app.organisations.models import Invitation, Membership, Organisation
from app.policy import RANKS, Actor, NotAllowed, Role, may_give
from app.tickets.changing import assign
from app.tickets.models import OPEN_CATEGORIES, Ticket
from app.tickets.settings import Queue, Status


class LastAdmin(Exception):
    """Without this member nobody could manage the organisation."""


def change_role(membership: Membership, role: Role, *, by: Actor) -> None:
    """Give the member another role; their sessions end. Raises NotAllowed or LastAdmin."""
    _lock(membership)
    if not (may_give(by, membership.role) and may_give(by, role)):
        raise NotAllowed("a role above one's own")
    if membership.user_id == by.user_id and RANKS[role] > RANKS[membership.role]:
        raise NotAllowed("one's own role")
    if role is membership.role:
        return
    _keep_an_admin(membership)
    changes = {"member": [None, membership.name], "role": [membership.role.value, role.value]}
    membership.role = role
    _end_what_was_begun(membership, by)
    record(EventKind.MEMBER_ROLE_CHANGED, by=by, changes=changes)


def set_queues(membership: Membership, queues: Sequence[Queue], *, by: Actor) -> None:
    """Have the member work these queues and no others. Raises NotAllowed."""
    if not may_give(by, membership.role):
        raise NotAllowed("a member above one's own role")
    before = queues_of([membership])[membership.id]
    if before == {queue.id for queue in queues}:
        return
    leave_queues(membership)
    add_to_queues(membership, queues)
    names = sorted(queue.name for queue in queues)
    changes = {"member": [None, membership.name], "queues": [None, names]}
    record(EventKind.MEMBER_QUEUES_CHANGED, by=by, changes=changes)


def end(membership: Membership, heir: Membership | None, *, by: Actor) -> int:
    """End the membership; its open tickets go to the heir, or to nobody. Answers how many went.

    What the member wrote keeps its name. Raises NotAllowed or LastAdmin.
    """
    _lock(membership)
    if not may_give(by, membership.role):
        raise NotAllowed("a member above one's own role")
    _keep_an_admin(membership)
    tickets = db.session.scalars(open_tickets_of(membership).with_for_update(of=Ticket)).all()
    for ticket in tickets:
        assign(ticket, heir, by=by)
    leave_queues(membership)
    membership.ended_at = now()
    _end_what_was_begun(membership, by)
    changes = {"member": [membership.name, None], "role": [membership.role.value, None]}
    record(EventKind.MEMBER_ENDED, by=by, changes=changes)
    return len(tickets)


def open_tickets_of(membership: Membership) -> "sa.Select[Ticket]":
    """The tickets that wait for the member."""
    statuses = sa.select(Status.id).where(
        Status.tenant_id == membership.tenant_id, Status.category.in_(OPEN_CATEGORIES)
    )
    return (
        sa.select(Ticket)
        .where(
            Ticket.tenant_id == membership.tenant_id,
            Ticket.assignee_id == membership.id,
            Ticket.status_id.in_(statuses),
        )
        .order_by(Ticket.id)
    )


def require_second_factor(organisation: Organisation, wanted: bool, *, by: Actor) -> None:
    """Ask everybody of the organisation for a second factor, or no longer."""
    if organisation.requires_second_factor is not wanted:
        organisation.requires_second_factor = wanted
        record(EventKind.SECOND_FACTOR_REQUIRED, by=by, changes={"required": [not wanted, wanted]})


def _lock(membership: Membership) -> None:
    """One change of members at a time in the organisation, then look again: another may have just been made."""
    organisation = sa.select(Organisation.id).where(Organisation.id == membership.tenant_id)
    db.session.execute(organisation.with_for_update(key_share=True))
    db.session.refresh(membership)
    if membership.ended_at is not None:
        raise NotAllowed("the membership has ended")


def _keep_an_admin(membership: Membership) -> None:
    if membership.role is not Role.ADMIN:
        return
    others = (
        sa.select(sa.func.count())
        .select_from(Membership)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.tenant_id == membership.tenant_id,
            Membership.id != membership.id,
            Membership.role == Role.ADMIN,
            Membership.ended_at.is_(None),
            User.disabled_at.is_(None),
        )
    )
    if not db.session.scalar(others):
        raise LastAdmin


def _end_what_was_begun(membership: Membership, by: Actor) -> None:
    """Sessions of the old role, and invitations that the old role allowed."""
    if membership.user_id == by.user_id:
        sessions.end_others(membership.user)
    else:
        sessions.end_all(membership.user)
    theirs = sa.update(Invitation).where(
        Invitation.tenant_id == membership.tenant_id,
        Invitation.invited_by_id == membership.user_id,
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
    )
    db.session.execute(theirs.values(revoked_at=now()))
