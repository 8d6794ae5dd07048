"""Taking due jobs out of PostgreSQL: fairly between organisations, each by one worker, under a lease."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.extensions import db
from app.jobs.outbox import Job, JobState, Work, registry
from app.tenancy import Scope, across_tenants

BACKOFF = (1, 10, 60, 600, 3600, 4 * 3600)  # seconds before the second, third … attempt
LEASE_MARGIN = 15  # seconds a lease outlasts the job's own time limit

# Walks the index from organisation to organisation, so its cost does not grow with the jobs waiting.
TENANTS = sa.text(
    """
    WITH RECURSIVE waiting AS (
      (SELECT tenant_id FROM jobs WHERE lane = :lane AND state = 'due' ORDER BY tenant_id LIMIT 1)
      UNION ALL
      SELECT (SELECT tenant_id FROM jobs WHERE lane = :lane AND state = 'due'
              AND tenant_id > waiting.tenant_id ORDER BY tenant_id LIMIT 1)
      FROM waiting WHERE waiting.tenant_id IS NOT NULL)
    SELECT tenant_id FROM waiting WHERE tenant_id IS NOT NULL AND EXISTS (
      SELECT FROM jobs WHERE jobs.tenant_id = waiting.tenant_id AND lane = :lane AND state = 'due'
      AND run_at <= now())
    ORDER BY random()
    """
)


@dataclass(frozen=True)
class Claim:
    """A job in one worker's hands. `attempts` fences it: whoever claims later has a higher one."""

    tenant_id: UUID
    id: UUID
    name: str
    args: list[Any]
    attempts: int

    @property
    def work(self) -> Work:
        return registry[self.name]


def waiting_tenants(lane: str) -> list[UUID]:
    """The organisations with due jobs in the lane, in no order that favours one."""
    with across_tenants(Scope.SWEEP):
        found = list(db.session.scalars(TENANTS, {"lane": lane}))
    db.session.rollback()
    return found


def claim(lane: str, tenant_id: UUID) -> Claim | None:
    """Take the organisation's oldest due job and commit the lease, or None when there is nothing."""
    due = (
        sa.select(Job.id)
        .where(
            Job.tenant_id == tenant_id,
            Job.lane == lane,
            Job.state == JobState.DUE,
            Job.run_at <= sa.func.now(),
            Job.name.in_(registry),  # a newer release's jobs wait for a newer worker
        )
        .order_by(Job.run_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    with across_tenants(Scope.SWEEP):
        row = db.session.execute(
            sa.update(Job)
            .where(Job.tenant_id == tenant_id, Job.id == due)
            .values(
                attempts=Job.attempts + 1, claimed_at=sa.func.now(), run_at=sa.func.now() + _lease(Job.name)
            )
            .returning(Job.tenant_id, Job.id, Job.name, Job.args, Job.attempts)
            .execution_options(synchronize_session=False)
        ).one_or_none()
    db.session.commit()
    return Claim(*row) if row else None


def _lease(name: Any) -> Any:
    seconds = sa.case(
        {work.name: work.timeout + LEASE_MARGIN for work in registry.values()}, value=name, else_=60
    )
    return sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def settle(claim: Claim) -> bool:
    """Remove the job in the transaction of its effects. False when another worker has taken it over meanwhile."""
    return _mine(sa.delete(Job), claim)


def extend(claim: Claim) -> bool:
    """Start the lease anew. False when another worker has taken the job over meanwhile."""
    seconds = timedelta(seconds=claim.work.timeout + LEASE_MARGIN)
    return _mine(sa.update(Job).values(run_at=sa.func.now() + seconds), claim)


def put_back(claim: Claim, error: str, delay: float | None = None, *, counts: bool = True) -> bool:
    """Make the job due again after its back-off, or dead after its last attempt. True when it died."""
    dead = counts and claim.attempts >= claim.work.attempts
    if delay is None:
        delay = BACKOFF[min(claim.attempts, len(BACKOFF)) - 1]
    values: dict[str, Any] = {"last_error": error[:500], "run_at": sa.func.now() + timedelta(seconds=delay)}
    if dead:
        values["state"] = JobState.DEAD
    if not counts:
        values["attempts"] = Job.attempts - 1
    return _mine(sa.update(Job).values(values), claim) and dead


def _mine(statement: Any, claim: Claim) -> bool:
    result: Any = db.session.execute(
        statement.where(
            Job.tenant_id == claim.tenant_id, Job.id == claim.id, Job.attempts == claim.attempts
        ).execution_options(synchronize_session=False)
    )
    return result.rowcount == 1
