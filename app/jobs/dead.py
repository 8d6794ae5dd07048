"""Jobs that were given up: looked at, started again or dropped. Each verb acts for the session's organisation."""

from collections.abc import Callable, Iterable
from uuid import UUID

import sqlalchemy as sa

from app.extensions import db
from app.jobs.outbox import Job, JobState
from app.tenancy import current_tenant_id


def dead_jobs() -> "sa.Select[Job]":
    """The organisation's dead jobs, latest first."""
    mine = (Job.tenant_id == current_tenant_id(), Job.state == JobState.DEAD)
    return sa.select(Job).where(*mine).order_by(Job.created_at.desc(), Job.id.desc())


def revive(ids: Iterable[UUID]) -> int:
    """Start dead jobs again, with all their attempts. Answers how many there were."""
    statement = (
        sa.update(Job)
        .where(Job.tenant_id == current_tenant_id(), Job.state == JobState.DEAD, Job.id.in_(list(ids)))
        .values(state=JobState.DUE, attempts=0, run_at=sa.func.now())
        .returning(Job.lane)
        .execution_options(synchronize_session=False)
    )
    lanes = db.session.scalars(statement).all()
    db.session.info.setdefault("bells", set()).update(lanes)
    return len(lanes)


def drop(ids: Iterable[UUID]) -> int:
    """Delete dead jobs: what they were to do is never done. Answers how many there were."""
    mine = (Job.tenant_id == current_tenant_id(), Job.state == JobState.DEAD, Job.id.in_(list(ids)))
    return len(db.session.scalars(sa.delete(Job).where(*mine).returning(Job.id)).all())


def forget(fn: Callable[..., None] | str, *args: UUID | str | int) -> None:
    """Delete the dead job `fn(*args)`, because somebody has started the same thing anew."""
    name = fn if isinstance(fn, str) else f"{fn.__module__.removeprefix('app.')}.{fn.__name__}"
    plain = [str(arg) if isinstance(arg, UUID) else arg for arg in args]
    mine = (Job.tenant_id == current_tenant_id(), Job.state == JobState.DEAD)
    db.session.execute(sa.delete(Job).where(*mine, Job.name == name, Job.args == plain))
