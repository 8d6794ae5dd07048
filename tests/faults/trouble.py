"""The faults: each happens to a running stack, lasts a moment, and is over when its function returns."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable

from tests.faults.stack import Stack, pause

Fault = Callable[[Stack, random.Random], None]


def redis_is_killed(stack: Stack, chance: random.Random) -> None:
    _kill(stack.redis_pid())
    time.sleep(chance.uniform(0.5, 3))
    stack.redis.start()


def redis_is_flushed(stack: Stack, chance: random.Random) -> None:
    stack.redis.ask("FLUSHALL")


def redis_hangs(stack: Stack, chance: random.Random) -> None:
    pause(stack.redis_pid(), chance.uniform(2, 5))


def the_worker_is_killed(stack: Stack, chance: random.Random) -> None:
    stack.kill("worker")
    time.sleep(chance.uniform(0, 2))
    stack.start("worker")


def one_lane_is_killed(stack: Stack, chance: random.Random) -> None:
    lanes = stack.children("worker")
    if lanes:
        _kill(chance.choice(lanes))


def postgresql_restarts(stack: Stack, chance: random.Random) -> None:
    stack.postgresql.stop("immediate")
    time.sleep(chance.uniform(0, 1))
    stack.postgresql.start()


def a_web_process_is_killed(stack: Stack, chance: random.Random) -> None:
    processes = stack.children("web")
    if processes:
        _kill(chance.choice(processes))


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended by itself just now
        os.kill(pid, signal.SIGKILL)


FAULTS: tuple[Fault, ...] = (
    redis_is_killed,
    redis_is_flushed,
    redis_hangs,
    the_worker_is_killed,
    one_lane_is_killed,
    postgresql_restarts,
    a_web_process_is_killed,
)
