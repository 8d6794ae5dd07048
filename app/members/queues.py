"""Which queues a member works."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa

from app.extensions import db, new_id
from app.organisations.models import Membership
from app.tickets.settings import Queue, QueueMember


def queues_of(memberships: Sequence[Membership]) -> dict[UUID, set[UUID]]:
    """The queues that each of the members works, in one query."""
    found: dict[UUID, set[UUID]] = {membership.id: set() for membership in memberships}
    rows = db.session.execute(
        sa.select(QueueMember.membership_id, QueueMember.queue_id).where(QueueMember.membership_id.in_(found))
    )
    for membership_id, queue_id in rows:
        found[membership_id].add(queue_id)
    return found


def add_to_queues(membership: Membership, queues: Iterable[Queue]) -> None:
    """Have the member work these queues as well."""
    for queue in queues:
        db.session.add(QueueMember(id=new_id(), queue_id=queue.id, membership_id=membership.id))
    db.session.flush()


def leave_queues(membership: Membership) -> None:
    """Have the member work no queue."""
    db.session.execute(
        sa.delete(QueueMember).where(
            QueueMember.tenant_id == membership.tenant_id, QueueMember.membership_id == membership.id
        )
    )
