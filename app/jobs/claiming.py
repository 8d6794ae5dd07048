"""Taking due jobs out of PostgreSQL: fairly between organisations, each by one worker, under a lease.

Written as SQL, because every job passes here three times.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.extensions import db
from app.jobs.outbox import Work, registry
from app.tenancy import Scope, connection_across

BACKOFF = (1, 10, 60, 600, 3600, 4 * 3600)  # seconds before the second, third … attempt
LEASE = 20  # seconds a job belongs to its worker without a heartbeat

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
      AND run_at <= now() AND name = ANY(:names))
    ORDER BY random()
    """
)
# A name this release does not know is a newer release's job: it waits for a newer worker. The unique key goes:
# what is written down from here on may come too late for this run to see, so it needs a job of its own.
CLAIM = sa.text(
    """
    UPDATE jobs SET attempts = attempts + 1, claimed_at = now(), unique_key = NULL,
      run_at = now() + make_interval(secs => :lease)
    WHERE tenant_id = :tenant AND id = (
      SELECT id FROM jobs
      WHERE tenant_id = :tenant AND lane = :lane AND state = 'due' AND run_at <= now() AND name = ANY(:names)
      ORDER BY run_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING tenant_id, id, name, args, attempts
    """
)
# Fenced by the attempt: whoever claims later has a higher one.
SETTLE = sa.text("DELETE FROM jobs WHERE tenant_id = :tenant AND id = :id AND attempts = :attempts")
EXTEND = sa.text(
    "UPDATE jobs SET run_at = now() + make_interval(secs => :seconds)"
    " WHERE tenant_id = :tenant AND id = :id AND attempts = :attempts"
)
PUT_BACK = sa.text(
    "UPDATE jobs SET run_at = now() + make_interval(secs => :seconds), last_error = :error,"
    " attempts = attempts - :uncounted, state = :state"
    " WHERE tenant_id = :tenant AND id = :id AND attempts = :attempts"
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
    with connection_across(Scope.SWEEP) as connection:
        return list(connection.scalars(TENANTS, {"lane": lane, "names": list(registry)}))


def claim(lane: str, tenant_id: UUID) -> Claim | None:
    """Take the organisation's oldest due job and commit the lease, or None when there is nothing."""
    values = {"lane": lane, "tenant": tenant_id, "names": list(registry), "lease": LEASE}
    with connection_across(Scope.SWEEP) as connection:
        row = connection.execute(CLAIM, values).one_or_none()
    return Claim(*row) if row else None


def settle(claim: Claim) -> bool:
    """Remove the job in the transaction of its effects. False when another worker has taken it over meanwhile."""
    return _mine(SETTLE, claim)


def extend(claim: Claim) -> bool:
    """Start the lease anew with the session's transaction. False when another worker has taken the job over."""
    return _mine(EXTEND, claim, seconds=LEASE)


def keep(claim: Claim) -> bool:
    """Start the lease anew at once, beside whatever the job is doing. False when it is no longer this worker's."""
    with connection_across(Scope.SWEEP) as connection:
        values = {"tenant": claim.tenant_id, "id": claim.id, "attempts": claim.attempts, "seconds": LEASE}
        return connection.execute(EXTEND, values).rowcount == 1


def put_back(claim: Claim, error: str, delay: float | None = None, *, counts: bool = True) -> bool:
    """Make the job due again after its back-off, or dead after its last attempt. True when it died."""
    dead = counts and claim.attempts >= claim.work.attempts
    if delay is None:
        delay = BACKOFF[min(claim.attempts, len(BACKOFF)) - 1]
    changed = _mine(
        PUT_BACK,
        claim,
        seconds=delay,
        error=error.replace("\0", "").encode("utf-8", "replace").decode()[:500],
        uncounted=0 if counts else 1,
        state="dead" if dead else "due",
    )
    return changed and dead


def _mine(statement: sa.TextClause, claim: Claim, **values: Any) -> bool:
    values |= {"tenant": claim.tenant_id, "id": claim.id, "attempts": claim.attempts}
    return db.session.connection().execute(statement, values).rowcount == 1
