"""What a ticket's fields can be set to in one organisation: statuses, queues, colleagues, tags; in one query."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask_babel import format_date, gettext

from app.auth.models import User
from app.extensions import db
from app.organisations.models import Membership
from app.policy import Actor
from app.tickets.settings import Queue, Status, StatusCategory, Tag


@dataclass(frozen=True)
class Choice:
    """One value of a field: its id, what people call it, and a category (statuses), slug (queues) or last day away."""

    id: UUID
    name: str
    mark: str = ""


@dataclass(frozen=True)
class Choices:
    """Everything a ticket can be given, each list in the order it is offered."""

    statuses: list[Choice]
    queues: list[Choice]
    colleagues: list[Choice]
    tags: list[Choice]

    def status_in(self, category: StatusCategory) -> Choice | None:
        """The first status of a category."""
        return next((each for each in self.statuses if each.mark == category.value), None)

    def queue_called(self, slug: str) -> Choice | None:
        """The queue with this slug."""
        return next((each for each in self.queues if each.mark == slug), None)


def choices_for(member: Actor) -> Choices:
    """What the member can choose from. Only what is in use: nothing retired, nobody who left."""
    rows = db.session.execute(
        sa.union_all(_statuses(member), _queues(member), _people(member), _tags(member))
    )
    found: dict[str, list[tuple[int, str, Choice]]] = {}
    for sort, identity, name, mark, position in rows:
        words = _with_absence(name, mark) if sort == "person" and mark else name
        found.setdefault(sort, []).append((position, name.lower(), Choice(identity, words, mark)))

    def ordered(sort: str) -> list[Choice]:
        return [choice for _, _, choice in sorted(found.get(sort, []), key=lambda row: row[:2])]

    return Choices(ordered("status"), ordered("queue"), ordered("person"), ordered("tag"))


def _statuses(member: Actor) -> Any:
    return sa.select(
        sa.literal("status"), Status.id, Status.name, sa.cast(Status.category, sa.Text), Status.position
    ).where(Status.tenant_id == member.tenant_id, Status.retired_at.is_(None))


def _queues(member: Actor) -> Any:
    return sa.select(sa.literal("queue"), Queue.id, Queue.name, Queue.slug, Queue.position).where(
        Queue.tenant_id == member.tenant_id, Queue.retired_at.is_(None)
    )


def _with_absence(name: str, until: str) -> str:
    """A colleague who is away, so that nobody gives them work unawares."""
    day = format_date(date.fromisoformat(until), "d MMM")
    return gettext("%(name)s (away until %(day)s)", name=name, day=day)


def _people(member: Actor) -> Any:
    today = sa.cast(sa.func.timezone(User.time_zone, sa.func.now()), sa.Date)
    away = sa.case((User.away_until >= today, sa.cast(User.away_until, sa.Text)), else_="")
    return (
        sa.select(sa.literal("person"), Membership.id, User.name, away, sa.literal(0))
        .join(Membership.user)
        .where(Membership.tenant_id == member.tenant_id, Membership.ended_at.is_(None))
    )


def _tags(member: Actor) -> Any:
    return sa.select(sa.literal("tag"), Tag.id, Tag.name, sa.literal(""), sa.literal(0)).where(
        Tag.tenant_id == member.tenant_id
    )
