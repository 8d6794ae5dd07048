"""The members an event may be told to: active, no authors of it, and allowed to see the ticket."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.auth.models import User
from app.extensions import db
from app.notifications.choosing import DEFAULTS, Choices
from app.notifications.models import Preferences
from app.notifications.timing import Rhythm
from app.organisations.models import Membership
from app.policy import SEES_ALL_QUEUES
from app.tickets.models import Ticket


@dataclass(frozen=True)
class Recipient:
    """A member who may be told, and how they like it."""

    membership_id: UUID
    user_id: UUID
    name: str
    email: str
    locale: str
    choices: Choices
    rhythm: Rhythm
    wants_mail: bool

    @classmethod
    def of(cls, membership: Membership, user: User, preferences: Preferences | None) -> "Recipient":
        """The member with their preferences, or the defaults where they have chosen nothing."""
        return cls(
            membership.id,
            user.id,
            user.name,
            user.email,
            user.locale,
            preferences.chosen() if preferences else DEFAULTS,
            rhythm_of(preferences, user),
            preferences is None or preferences.mail_stopped_at is None,
        )


def rhythm_of(preferences: Preferences | None, user: User) -> Rhythm:
    """When the member wants mail, on the clock of where they are."""
    zone = ZoneInfo(user.time_zone)
    if preferences is None:
        return Rhythm(zone)
    return Rhythm(
        zone, preferences.digest, preferences.digest_at, preferences.quiet_from, preferences.quiet_until
    )


def who_may_see(ticket: Ticket) -> Any:
    """Active members who may see the ticket, with their preferences."""
    return (
        sa.select(Membership, User, Preferences)
        .select_from(Membership)
        .join(User, User.id == Membership.user_id)
        .join(Ticket, Ticket.tenant_id == Membership.tenant_id)
        .outerjoin(
            Preferences,
            sa.and_(
                Preferences.tenant_id == Membership.tenant_id, Preferences.membership_id == Membership.id
            ),
        )
        .where(
            Membership.tenant_id == ticket.tenant_id,
            Ticket.id == ticket.id,
            Membership.ended_at.is_(None),
            User.disabled_at.is_(None),
            sa.or_(Membership.role.in_(SEES_ALL_QUEUES), Ticket.is_open_to(ticket.tenant_id, Membership.id)),
        )
    )


def recipients(ticket: Ticket, members: Iterable[UUID]) -> list[Recipient]:
    """Those of the members who may be told about the ticket, in the order of their ids."""
    select = who_may_see(ticket).where(Membership.id.in_(list(members))).order_by(Membership.id)
    return [Recipient.of(*row) for row in db.session.execute(select)]


def names_on(ticket: Ticket) -> dict[UUID, str]:
    """The names of all who may see the ticket, by membership."""
    select = who_may_see(ticket).with_only_columns(Membership.id, User.name).order_by(User.name)
    return {row[0]: row[1] for row in db.session.execute(select)}
