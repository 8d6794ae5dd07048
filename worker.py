"""The worker and cron processes: RQ workers that drain one lane each, kept alive; and the sweeper.

`python worker.py` starts a process for every lane and starts it again when it dies; `python worker.py cron` sweeps.
"""

import os
import signal
import subprocess
import sys
import time
from typing import Any

import structlog
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

from app import create_app
from app.jobs import Lane, bell
from app.jobs.sweeping import sweep_forever

log = structlog.get_logger()

TTL = 45  # seconds; RQ blocks on its queue for 15 fewer
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
    with app.app_context():
        while True:
            connection = bell.blocking_connection(TTL)
            queue = Queue(lane, connection=connection, serializer=JSONSerializer)
            try:
                worker = LaneWorker(
                    [queue], connection=connection, serializer=JSONSerializer, default_worker_ttl=TTL
                )
                worker.work(logging_level="WARNING")
                return
            except RedisError as error:
                log.warning("worker.no_redis", lane=lane, error=type(error).__name__)
                time.sleep(PAUSE)


def supervise(count: int) -> None:
    """A process for every lane, mail several: start them, start again those that die, stop them with us."""
    lanes = [lane.value for lane in Lane] + [Lane.MAIL.value] * (count - 1)
    running = [_start(lane) for lane in lanes]
    stopping: list[int] = []
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.append(1))
    while not stopping:
        time.sleep(0.5)
        for place, process in enumerate(running):
            if process.poll() is not None:
                log.warning("worker.died", lane=lanes[place], code=process.returncode)
                time.sleep(PAUSE)
                running[place] = _start(lanes[place])
    for process in running:
        process.terminate()
    for process in running:
        process.wait()


def _start(lane: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, __file__, lane])  # noqa: S603  our own file, a lane of ours


def main(arguments: list[str]) -> None:
    if not arguments:
        supervise(int(os.environ.get("WORKER_CONCURRENCY", "2")))
    elif arguments == ["cron"]:
        sweep_forever(create_app())
    else:
        work(Lane(arguments[0]).value)


if __name__ == "__main__":
    main(sys.argv[1:])
