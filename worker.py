"""The worker and cron processes: RQ workers that drain one lane each, kept alive; and the sweeper.

`python worker.py` starts a process for every lane and starts it again when it dies; `python worker.py cron` sweeps.
"""

import os
import signal
import sys
import threading
import time
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from typing import Any

import structlog
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

from app import create_app, housekeeping
from app.jobs import Lane, bell
from app.jobs.sweeping import sweep_forever
from app.startup import check_database, settings

FORK = get_context("fork")  # one import of the application serves every process
log = structlog.get_logger()

TTL = 45  # seconds; RQ blocks on its queue for 15 fewer
PARTING = 25.0  # seconds a process gets to finish its job when we are stopped
PAUSE = 2.0  # seconds before a process that ended is started again


class LaneWorker(SimpleWorker):
    """Runs nothing but the drain of a lane, whatever somebody may have written into Redis."""

    def perform_job(self, job: Any, queue: Queue, *args: Any) -> bool:
        if job.func_name != bell.DRAIN:
            log.error("worker.refused", function=job.func_name)
            job.delete()
            return False
        return super().perform_job(job, queue, *args)


def work(lane: str) -> None:
    """One worker process. Without Redis it waits; the sweeper does the work meanwhile."""
    app = create_app()
    check_database(app)
    with app.app_context():
        while True:
            connection = bell.blocking_connection(TTL)
            queue = Queue(lane, connection=connection, serializer=JSONSerializer)
            try:
                worker = LaneWorker([queue], connection=connection, serializer=JSONSerializer, worker_ttl=TTL)
                worker.work(logging_level="WARNING")
                return
            except RedisError as error:
                log.warning("worker.no_redis", lane=lane, error=type(error).__name__)
                time.sleep(PAUSE)


def supervise(count: int) -> None:
    """A process for every lane, mail several: start them, start again those that die, stop them with us."""
    lanes = [lane.value for lane in Lane] + [Lane.MAIL.value] * (count - 1)
    lifeline = os.pipe()
    running = [_start(lane, lifeline) for lane in lanes]
    stopping: list[int] = []
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.append(1))
    while not stopping:
        time.sleep(0.5)
        for place, process in enumerate(running):
            if not process.is_alive() and not stopping:
                log.warning("worker.died", lane=lanes[place], code=process.exitcode)
                time.sleep(PAUSE)
                running[place] = _start(lanes[place], lifeline)
    _stop(running)


def _start(lane: str, lifeline: tuple[int, int]) -> ForkProcess:
    process = FORK.Process(target=_live, args=(lane, lifeline))
    process.start()
    return process


def _live(lane: str, lifeline: tuple[int, int]) -> None:
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, signal.SIG_DFL)
    os.close(lifeline[1])
    threading.Thread(target=_die_with_supervisor, args=(lifeline[0],), daemon=True).start()
    work(lane)


def _die_with_supervisor(lifeline: int) -> None:
    """Only the supervisor holds the other end: its death, however sudden, is the end of file."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _stop(running: list[ForkProcess]) -> None:
    for process in running:
        process.terminate()
    deadline = time.monotonic() + PARTING
    for process in running:
        process.join(max(0.1, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()  # what it was doing is due again when its lease ends


def main(arguments: list[str]) -> None:
    if not arguments:
        supervise(int(settings().worker_concurrency))
    elif arguments == ["cron"]:
        app = create_app()
        check_database(app)
        sweep_forever(app, housekeeping.tidy)
    else:
        work(Lane(arguments[0]).value)


if __name__ == "__main__":
    main(sys.argv[1:])
