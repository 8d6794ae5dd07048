"""The bell: tells idle workers through Redis that a lane has work. It may be lost or doubled; nothing depends on it."""

import time
from functools import lru_cache

import redis
import structlog
from flask import current_app
from rq import Queue
from rq.serializers import JSONSerializer

log = structlog.get_logger()

DRAIN = "app.jobs.running.drain"
FAILURES, REST = 3, 10.0  # after so many failures in a row Redis is left alone for so many seconds
HUSH_MS = 2000  # one bell is enough until a worker hears it, or this long if the bell is lost


class Breaker:
    """Keeps a hung Redis from costing every request its time-out."""

    def __init__(self) -> None:
        self.failures, self.closed_until = 0, 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self.closed_until

    def failed(self) -> None:
        self.failures += 1
        if self.failures >= FAILURES:
            self.closed_until = time.monotonic() + REST

    def worked(self) -> None:
        self.failures = 0


breaker = Breaker()


@lru_cache(maxsize=4)
def connect(url: str) -> redis.Redis:
    """A connection pool that gives up after a second instead of waiting for a Redis that hangs."""
    return redis.Redis.from_url(
        url,
        socket_timeout=1,
        socket_connect_timeout=1,
        retry=None,
        retry_on_error=[],
        health_check_interval=30,
    )


def connection() -> redis.Redis:
    return connect(current_app.config["REDIS_URL"])


def blocking_connection(seconds: int) -> redis.Redis:
    """A worker's own connection, which may wait on its queue for so long."""
    return redis.Redis.from_url(
        current_app.config["REDIS_URL"], socket_timeout=seconds, socket_connect_timeout=2
    )


def ring(lane: str) -> bool:
    """Tell one idle worker of the lane to look. Answers whether Redis took it; never raises."""
    if breaker.is_open:
        return False
    try:
        client = connection()
        if client.set(f"worktrackr:bell:{lane}", 1, nx=True, px=HUSH_MS):
            queue = Queue(lane, connection=client, serializer=JSONSerializer)
            queue.enqueue_call(DRAIN, args=(lane,), timeout=-1, result_ttl=0, failure_ttl=60, ttl=60)
    except redis.RedisError as error:
        breaker.failed()
        log.warning("bell.not_rung", lane=lane, error=type(error).__name__)
        return False
    breaker.worked()
    return True


def heard(lane: str) -> None:
    """From here on a new bell is wanted again: what was committed before is seen by the claim that follows."""
    if breaker.is_open:
        return
    try:
        connection().delete(f"worktrackr:bell:{lane}")
    except redis.RedisError as error:
        breaker.failed()
        log.warning("bell.not_heard", lane=lane, error=type(error).__name__)
