"""Who else has a ticket open and who is writing on it: kept in Redis for half a minute, and missed while it is away."""

import json
from dataclasses import dataclass

import redis
import structlog

from app.extensions import now
from app.jobs import bell
from app.policy import Actor
from app.tickets.models import Ticket

STAYS = 25  # seconds since the last sign of life; an open page gives one every ten

log = structlog.get_logger()


@dataclass(frozen=True)
class Present:
    """Somebody who looks at the ticket at this moment."""

    name: str
    is_writing: bool


def look(ticket: Ticket, by: Actor, *, is_writing: bool = False) -> list[Present]:
    """Say that the actor looks at the ticket, and answer who else does, by name. Nobody when Redis is away."""
    if bell.breaker.is_open:
        return []
    moment = now().timestamp()
    key = f"worktrackr:{ticket.tenant_id}:ticket:{ticket.id}:here"
    try:
        with bell.connection().pipeline(transaction=False) as pipe:
            pipe.hset(key, str(by.user_id), json.dumps([moment, is_writing, by.name]))
            pipe.expire(key, STAYS)
            pipe.hgetall(key)
            *_, found = pipe.execute()
    except redis.RedisError as error:
        bell.breaker.failed()
        log.warning("presence.unknown", error=type(error).__name__)
        return []
    bell.breaker.worked()
    signs = (json.loads(sign) for who, sign in found.items() if who.decode() != str(by.user_id))
    return sorted(
        (Present(name, writes) for at, writes, name in signs if moment - at < STAYS),
        key=lambda each: each.name.lower(),
    )
