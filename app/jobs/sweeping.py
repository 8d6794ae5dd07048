"""The sweeper: every few seconds, rings for lanes with due work, and does the work itself where no worker seems to."""

import time

import sqlalchemy as sa
import structlog
from flask import Flask

from app.jobs import bell
from app.jobs.outbox import Job, JobState
from app.jobs.running import drain
from app.tenancy import Scope, connection_across

log = structlog.get_logger()

EVERY = 5.0  # seconds between sweeps
PATIENCE = 20.0  # seconds a due job may wait before the sweeper runs it itself
SWEPT = "worktrackr:swept"


def backlog() -> dict[str, float]:
    """How many seconds the oldest due job of each lane has waited; lanes without due jobs are not in it."""
    waited = sa.func.extract("epoch", sa.func.now() - sa.func.min(Job.run_at))
    due = sa.select(Job.lane, waited).where(Job.state == JobState.DUE, Job.run_at <= sa.func.now())
    with connection_across(Scope.SWEEP) as connection:
        return {lane: float(seconds) for lane, seconds in connection.execute(due.group_by(Job.lane))}


def sweep() -> int:
    """Ring for every lane that has due work. Without Redis or workers, run it here. Answers how many jobs ran here."""
    ran = 0
    for lane, waited in backlog().items():
        if not bell.ring(lane) or waited > PATIENCE:
            ran += drain(lane, seconds=EVERY)
    return ran


def sweep_forever(app: Flask) -> None:
    """The cron process. A database that is away is waited for."""
    while True:
        started = time.monotonic()
        try:
            with app.app_context():
                sweep()
        except sa.exc.OperationalError as error:
            log.warning("sweep.no_database", error=type(error.orig).__name__)
        time.sleep(max(0.2, EVERY - (time.monotonic() - started)))
