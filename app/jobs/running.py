"""The envelope around every job: its organisation, its time limit, its one commit, and what follows a failure."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any
from uuid import UUID

import structlog
from flask import Flask, current_app
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.jobs import bell
from app.jobs.claiming import Claim, claim, extend, put_back, settle, waiting_tenants
from app.jobs.heartbeat import kept_alive
from app.jobs.outbox import Lane
from app.tenancy import Acting, acting_for, enter

log = structlog.get_logger()

SHIFT = 20.0  # seconds a worker drains a lane before it looks at Redis again
TURN = 5  # jobs an organisation gets before the next one's turn


class TryAgain(Exception):
    """Not now: the far end asked to wait. `counts` says whether this was an attempt."""

    def __init__(self, reason: str, delay: float | None = None, *, counts: bool = True) -> None:
        super().__init__(reason)
        self.delay, self.counts = delay, counts


class TookTooLong(Exception):
    """The job passed its time limit."""


class LostLease(Exception):
    """Another worker has taken the job over; whatever this one did is undone."""


def drain(lane: str, seconds: float = SHIFT) -> int:
    """Run the lane's due jobs, organisations in turn, until there are none or the shift ends. Answers how many ran."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    ends, ran = time.monotonic() + seconds, 0
    bell.heard(lane)
    while time.monotonic() < ends:
        with app.app_context():
            tenants = waiting_tenants(lane)
        if not tenants:
            return ran
        bell.ring(lane)  # wakes a colleague while there is more than one can do
        for tenant_id in tenants:
            for _ in range(TURN):
                if time.monotonic() > ends or not run_next(app, lane, tenant_id):
                    break
                ran += 1
    bell.ring(lane)
    return ran


def run_due(lane: str | None = None) -> int:
    """Run everything due now, in every lane unless one is named. For commands, the sweeper and tests."""
    lanes = [lane] if lane else [each.value for each in Lane]
    total = 0
    while ran := sum(drain(each) for each in lanes):
        total += ran
    return total


def run_next(app: Flask, lane: str, tenant_id: UUID) -> bool:
    """Claim and run one job of the organisation. False when there was none."""
    with app.app_context():
        claimed = claim(lane, tenant_id)
    if claimed is None:
        return False
    with (
        app.app_context(),
        structlog.contextvars.bound_contextvars(
            job=str(claimed.id), work=claimed.name, tenant=str(claimed.tenant_id)
        ),
    ):
        _run(claimed)
    return True


def _run(claimed: Claim) -> None:
    started = time.monotonic()
    try:
        if claimed.attempts > claimed.work.attempts:
            raise RuntimeError("the worker died at every attempt")
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        with kept_alive(app, claimed), _time_limit(claimed.work.timeout):
            enter(Acting(claimed.tenant_id))
            db.session.info["claim"] = claimed
            claimed.work.fn(*claimed.args)
            db.session.flush()
            if not settle(claimed):
                raise LostLease
            db.session.commit()
    except LostLease:
        db.session.rollback()
        log.warning("job.lost_lease")
    except TryAgain as error:
        _failed(claimed, error, delay=error.delay, counts=error.counts)
    except OperationalError as error:
        # A database that went away is not the job's fault; one that refused it (a deadlock, a deadline) is.
        _failed(claimed, error, counts=not error.connection_invalidated)
    except Exception as error:
        log.exception("job.failed", attempt=claimed.attempts)
        _failed(claimed, error)
    else:
        log.info("job.done", attempt=claimed.attempts, ms=round((time.monotonic() - started) * 1000))


def _failed(claimed: Claim, error: Exception, **how: Any) -> None:
    db.session.rollback()
    words = f"{type(error).__name__}: {error}"
    log.warning("job.put_back", error=type(error).__name__, attempt=claimed.attempts)
    try:
        with acting_for(claimed.tenant_id):
            died = put_back(claimed, words, **how)
            if died:
                log.error("job.dead", attempts=claimed.attempts)
                _bury(claimed)
        db.session.commit()
    except OperationalError:
        # No database, no note: the lease ends and the job is due again.
        db.session.rollback()
        log.warning("job.not_noted")


def _bury(claimed: Claim) -> None:
    """Do what follows a job's death. Should that fail as well, the job stays dead, for an operator to see."""
    if claimed.work.on_dead is None:
        return
    try:
        with db.session.begin_nested():
            claimed.work.on_dead(*claimed.args)
    except OperationalError:
        raise
    except Exception:
        log.exception("job.on_dead_failed")


def checkpoint() -> None:
    """Commit what the job has done so far, still holding it: a marker before an outside effect."""
    claimed = db.session.info.get("claim")
    if claimed is not None and not extend(claimed):
        raise LostLease
    db.session.commit()


@contextlib.contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(signum: int, frame: FrameType | None) -> None:
        raise TookTooLong(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
