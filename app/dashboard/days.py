"""Arrivals against resolutions, day by day where the organisation is."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.extensions import db, now
from app.policy import Actor
from app.tickets.models import Ticket

SPANS = (14, 30)


@dataclass(frozen=True)
class Day:
    """How many tickets came and how many were resolved on a day."""

    day: date
    arrived: int
    resolved: int


def days_until_now(member: Actor, count: int, zone: ZoneInfo, moment: datetime | None = None) -> list[Day]:
    """The last days, today last; days without anything included. Only tickets the member may see."""
    today = (moment or now()).astimezone(zone).date()
    first = today - timedelta(days=count - 1)
    start = datetime.combine(first, time(), tzinfo=zone)
    seen = Ticket.visible_to(member)
    # A ticket's last message is never older than the ticket: the index on it finds the new ones.
    came = seen.where(Ticket.last_message_at >= start, Ticket.created_at >= start)
    done = seen.where(Ticket.resolved_at >= start)
    both = sa.union_all(
        came.with_only_columns(sa.literal(True).label("arrived"), Ticket.created_at.label("at")),
        done.with_only_columns(sa.literal(False).label("arrived"), Ticket.resolved_at.label("at")),
    ).subquery("both")
    day = sa.cast(sa.func.timezone(zone.key, both.c.at), sa.Date)
    rows = db.session.execute(
        sa.select(
            day, sa.func.count().filter(both.c.arrived), sa.func.count().filter(~both.c.arrived)
        ).group_by(day)
    )
    found = {row[0]: Day(*row) for row in rows}
    spans = (first + timedelta(days=nth) for nth in range(count))
    return [found.get(each, Day(each, 0, 0)) for each in spans]
