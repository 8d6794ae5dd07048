"""What is wrong with an organisation's mail now, found in one query: silence, failures, mail that waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import current_app, g

from app.extensions import db, now
from app.jobs import Job, JobState
from app.mail.models import InboundMessage, InboundState, OutboundMessage, OutboundState

USUAL = 3  # mails in the same hours of the last two weeks make silence remarkable
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
MONTH = timedelta(days=31)  # a provider reports on no mail that is older


@dataclass(frozen=True)
class Trouble:
    """Counts of an organisation's mail: held now; failed, bounced and complained about in the last day; dead jobs."""

    held: int
    oldest_held_at: datetime | None
    failed: int
    bounced: int
    complained: int
    dead: int
    last_received_at: datetime | None
    is_quiet: bool
    quiet_hours: int

    @property
    def is_serious(self) -> bool:
        """Whether admins should hear of it wherever they are; held mail only waits."""
        return self.is_quiet or self.dead > 0 or self.failed > 0


def trouble_of(tenant_id: UUID) -> Trouble:
    """The organisation's trouble; asked once in a request."""
    known: dict[UUID, Trouble] = g.setdefault("mail_trouble", {})
    if tenant_id not in known:
        known[tenant_id] = _find(tenant_id, now())
    return known[tenant_id]


def _find(tenant_id: UUID, at: datetime) -> Trouble:
    hours = current_app.config["MAIL_QUIET_HOURS"]
    row = db.session.execute(sa.select(*_figures(tenant_id, at, timedelta(hours=hours)))).one()
    silent = bool(hours) and row.recent == 0
    return Trouble(
        held=row.held,
        oldest_held_at=row.oldest,
        failed=row.failed,
        bounced=row.bounced,
        complained=row.complained,
        dead=row.dead,
        last_received_at=row.last,
        is_quiet=silent and min(row.a_week_ago, row.two_weeks_ago) >= USUAL,
        quiet_hours=hours,
    )


def _figures(tenant_id: UUID, at: datetime, quiet: timedelta) -> list[Any]:
    inbound, outbound = InboundMessage, OutboundMessage
    held = (inbound.tenant_id == tenant_id, inbound.state == InboundState.HELD)
    came = inbound.received_at

    def arrived(weeks: int) -> Any:
        end = at - weeks * WEEK
        return _count(inbound, inbound.tenant_id == tenant_id, came > end - quiet, came <= end)

    def ended(state: OutboundState, *more: Any) -> Any:
        settled = (outbound.created_at > at - MONTH, outbound.settled_at > at - DAY)
        return _count(outbound, outbound.tenant_id == tenant_id, outbound.state == state, *settled, *more)

    return [
        _count(inbound, *held).label("held"),
        sa.select(sa.func.min(came)).where(*held).scalar_subquery().label("oldest"),
        sa.select(came)
        .where(inbound.tenant_id == tenant_id)
        .order_by(came.desc())
        .limit(1)
        .scalar_subquery()
        .label("last"),
        arrived(0).label("recent"),
        arrived(1).label("a_week_ago"),
        arrived(2).label("two_weeks_ago"),
        ended(OutboundState.FAILED, outbound.sent_at.is_(None)).label("failed"),
        ended(OutboundState.FAILED, outbound.sent_at.is_not(None)).label("bounced"),
        ended(OutboundState.COMPLAINED).label("complained"),
        _count(Job, Job.tenant_id == tenant_id, Job.state == JobState.DEAD).label("dead"),
    ]


def _count(kind: Any, *conditions: Any) -> Any:
    return sa.select(sa.func.count()).select_from(kind).where(*conditions).scalar_subquery()
