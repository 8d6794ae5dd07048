"""The sweeper: every few seconds, rings for lanes with due work, and does the work itself where no worker seems to."""

import time
from collections.abc import Callable

import sqlalchemy as sa
import structlog
from flask import Flask

from app.jobs import bell
from app.jobs.outbox import Job, JobState
from app.jobs.running import drain
from app.tenancy import Scope, connection_across

log = structlog.get_logger()

EVERY = 5.0  # seconds between sweeps
HOUR = 3600.0
PATIENCE = 20.0  # seconds a due job may wait before the sweeper runs it itself


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


def sweep_forever(app: Flask, hourly: Callable[[], None]) -> None:
    """The cron process: sweeps, and calls `hourly` on the hour. A database that is away is waited for."""
    next_hour = time.monotonic() + HOUR
    while True:
        started = time.monotonic()
        try:
            with app.app_context():
                sweep()
            if started > next_hour:
                next_hour = started + HOUR
                with app.app_context():
                    hourly()
        except sa.exc.DBAPIError as error:
            log.warning("sweep.no_database", error=type(error.orig).__name__)
        time.sleep(max(0.2, EVERY - (time.monotonic() - started)))
