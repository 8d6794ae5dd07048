"""A short lease kept alive while its worker lives, so that a dead worker's job is due again within seconds."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.jobs.claiming import Claim, keep

EVERY = 5.0  # seconds between beats; a lease outlasts three of them
GRACE = 10  # seconds a job may pass its time limit before its lease is let go

log = structlog.get_logger()


@contextmanager
def kept_alive(app: Flask, claim: Claim) -> Iterator[None]:
    """Extend the claim's lease while the block runs, but not for ever: a worker stuck past all limits loses it."""
    stopped = threading.Event()
    thread = threading.Thread(target=_beat, args=(app, claim, stopped), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _beat(app: Flask, claim: Claim, stopped: threading.Event) -> None:
    ends = time.monotonic() + claim.work.timeout + GRACE
    while not stopped.wait(EVERY) and time.monotonic() < ends:
        try:
            with app.app_context():
                if not keep(claim):
                    return
        except SQLAlchemyError as error:
            # Without a beat the lease ends, and the job is fenced: whoever takes it over wins.
            log.warning("job.no_heartbeat", error=type(error).__name__)
