"""The outbox: one row for each thing still to be done, written in the transaction that made it necessary."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.extensions import Model, db, new_id
from app.jobs import bell
from app.tenancy import Scope, Tenanted, current_tenant_id


class Lane(StrEnum):
    """Queues that do not wait for one another."""

    INTERACTIVE = "interactive"
    MAIL = "mail"
    WEBHOOK = "webhook"
    BULK = "bulk"


class JobState(StrEnum):
    """A job that is done is gone; what remains is due (now or later) or dead (an operator decides)."""

    DUE = "due"
    DEAD = "dead"


class Job(Tenanted, Model):
    """One thing to do. While a worker has it, `run_at` is the end of its lease: a dead worker's job is due again."""

    __tablename__ = "jobs"
    __crossing__ = {Scope.SWEEP: "ALL"}
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "unique_key"),
        sa.Index("ix_jobs_due", "lane", "tenant_id", "run_at", postgresql_where=sa.text("state = 'due'")),
        sa.Index("ix_jobs_dead", "tenant_id", postgresql_where=sa.text("state = 'dead'")),
    )

    name: Mapped[str]
    lane: Mapped[str]
    args: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(server_default=JobState.DUE)
    run_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    claimed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    last_error: Mapped[str | None]
    unique_key: Mapped[str | None]


@dataclass(frozen=True)
class Work:
    """A function that may be done later, and how: its lane, tries, seconds allowed, and what follows defeat."""

    name: str
    fn: Callable[..., None]
    lane: Lane
    attempts: int
    timeout: int
    on_dead: Callable[..., None] | None


registry: dict[str, Work] = {}


def job(
    *, lane: Lane, attempts: int = 7, timeout: int = 60, on_dead: Callable[..., None] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Declare a function as work for later. Its arguments are ids, words and numbers: they travel as JSON."""

    def declare(fn: Callable[..., None]) -> Callable[..., None]:
        name = f"{fn.__module__.removeprefix('app.')}.{fn.__name__}"
        registry[name] = Work(name, fn, lane, attempts, timeout, on_dead)
        return fn

    return declare


def later(
    fn: Callable[..., None] | str,
    *args: UUID | str | int,
    run_at: datetime | None = None,
    unique_key: str | None = None,
) -> None:
    """Write down that `fn(*args)` is to be done for the current organisation once this transaction commits.

    A second job with the same `unique_key` is not written while the first still waits for its first run.
    """
    name = fn if isinstance(fn, str) else f"{fn.__module__.removeprefix('app.')}.{fn.__name__}"
    work = registry[name]
    values: dict[str, Any] = {
        "tenant_id": current_tenant_id(),
        "id": new_id(),
        "name": work.name,
        "lane": work.lane.value,
        "args": [str(arg) if isinstance(arg, UUID) else arg for arg in args],
        "unique_key": unique_key,
    }
    if run_at is not None:
        values["run_at"] = run_at
    # The row must come after those it speaks of, which may still wait in the session.
    db.session.flush()
    db.session.execute(insert(Job).values(values).on_conflict_do_nothing())
    if run_at is None:
        db.session.info.setdefault("bells", set()).add(work.lane.value)


def cancel(unique_key: str) -> bool:
    """Strike out a job that no worker has begun, in the caller's transaction. False when it is too late.

    A worker that takes the job at the same moment clears its key, so that one of the two sees the other.
    """
    db.session.flush()
    mine = sa.and_(Job.tenant_id == current_tenant_id(), Job.unique_key == unique_key)
    return db.session.scalar(sa.delete(Job).where(mine).returning(Job.id)) is not None


@sa.event.listens_for(Session, "after_commit")
def _ring(session: Session) -> None:
    # Also fired when a savepoint is released, while its transaction may still be undone.
    if session.in_nested_transaction():
        return
    for lane in session.info.pop("bells", ()):
        if not bell.ring(lane):
            return  # Redis is away: one time-out is enough for one request


@sa.event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop("bells", None)
