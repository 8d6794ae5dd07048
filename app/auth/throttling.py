"""How often one may try: counted together in Redis, and by this process alone while Redis is away. Never unlimited."""

import hashlib
import ipaddress
import time
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import structlog
from flask import Flask, current_app
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from app.jobs.bell import Breaker

log = structlog.get_logger()
T = TypeVar("T")

# Somebody who guesses from one place, at many accounts from one place, and at one account from many places.
ACCOUNT_HERE = RateLimitItemPerMinute(10, 15, namespace="account-here")
ADDRESS = RateLimitItemPerMinute(40, 15, namespace="address")
ACCOUNT = RateLimitItemPerHour(60, 1, namespace="account")
# Somebody who has us write to other people's addresses.
LETTERS_TO = RateLimitItemPerHour(3, 1, namespace="letters-to")
LETTERS_FROM = RateLimitItemPerHour(10, 1, namespace="letters-from")
# An organisation that writes to many strangers.
INVITATIONS = RateLimitItemPerHour(50, 1, namespace="invitations")
# Somebody who has the password and guesses codes. A million codes, three good at a time: more than a year to even odds.
CODES = RateLimitItemPerMinute(5, 15, namespace="codes")


class Throttled(Exception):
    """Too many tries; `seconds` from now there may be another."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds

    @property
    def minutes(self) -> int:
        return max(1, -(-self.seconds // 60))


class Counters:
    """Moving windows, which each try enters in one atomic step, however many come at once."""

    def __init__(self, url: str) -> None:
        patience = {"socket_timeout": 1, "socket_connect_timeout": 1, "retry": None}
        self.shared = MovingWindowRateLimiter(storage_from_string(url, **patience))  # type: ignore[arg-type]
        self.own = MovingWindowRateLimiter(MemoryStorage())
        self.breaker = Breaker()

    def enter(self, item: RateLimitItem, key: str) -> None:
        """Count one try. Raises Throttled when the window is full; the refused try is not counted."""
        if not self._ask(lambda windows: windows.hit(item, key)):
            stats = self._ask(lambda windows: windows.get_window_stats(item, key))
            raise Throttled(max(1, round(stats.reset_time - time.time())))

    def forget(self, item: RateLimitItem, key: str) -> None:
        """Empty one window."""
        self._ask(lambda windows: windows.clear(item, key))

    def _ask(self, question: Callable[[MovingWindowRateLimiter], T]) -> T:
        if not self.breaker.is_open:
            try:
                answer = question(self.shared)
            except RedisError as error:
                self.breaker.failed()
                log.warning("throttle.no_redis", error=type(error).__name__)
            else:
                self.breaker.worked()
                return answer
        return question(self.own)


def count_sign_in(email: str, address: str) -> None:
    """Count a try to sign in, before the password is looked at. Raises Throttled."""
    counters().enter(ADDRESS, network(address))
    counters().enter(ACCOUNT_HERE, _pair(email, address))
    counters().enter(ACCOUNT, _digest(email))


def forgive(email: str, address: str) -> None:
    """After the right password: this account from here starts anew. What the place did to others stays counted."""
    counters().forget(ACCOUNT_HERE, _pair(email, address))


def count_letter(email: str, address: str) -> None:
    """Count a mail that a stranger has us send. Raises Throttled."""
    counters().enter(LETTERS_FROM, network(address))
    counters().enter(LETTERS_TO, _digest(email))


def count_invitation(tenant_id: UUID, email: str) -> None:
    """Count an invitation that an organisation has us mail. Raises Throttled."""
    counters().enter(INVITATIONS, str(tenant_id))
    counters().enter(LETTERS_TO, _digest(email))


def count_code(user_id: UUID) -> None:
    """Count a try at a user's second factor, from wherever. Raises Throttled."""
    counters().enter(CODES, str(user_id))


def forgive_code(user_id: UUID) -> None:
    """After the right code."""
    counters().forget(CODES, str(user_id))


def network(address: str | None) -> str:
    """What counts as one place: an IPv4 address, or the /64 that an IPv6 household has to itself."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "nowhere"
    if found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def _pair(email: str, address: str) -> str:
    return f"{_digest(email)}@{network(address)}"


def _digest(email: str) -> str:
    """Bounded, and no address of a person in Redis."""
    return hashlib.sha256(email.encode("utf-8", "replace")).hexdigest()[:32]


def counters() -> Counters:
    return current_app.extensions["worktrackr.counters"]


def init_app(app: Flask) -> None:
    app.extensions["worktrackr.counters"] = Counters(app.config["WORKTRACKR"].limiter_url)
