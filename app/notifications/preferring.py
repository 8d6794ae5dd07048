"""How members want to be told: their choices, and stopping mail by the link in one."""

from dataclasses import dataclass
from datetime import time
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.auth.models import User
from app.extensions import db, new_id, now
from app.notifications.choosing import Channel, Choices
from app.notifications.models import MailState, Notification, Preferences
from app.notifications.noting import ask_for_mail, lock
from app.notifications.recipients import rhythm_of
from app.notifications.timing import Digest, due_at
from app.organisations.models import Membership
from app.tenancy import current_tenant_id


@dataclass(frozen=True)
class Wishes:
    """What a member chose on the settings page."""

    choices: Choices
    digest: Digest
    digest_at: time
    quiet_from: time | None
    quiet_until: time | None
    wants_mail: bool


def preferences_of(membership_id: UUID) -> Preferences:
    """The member's preferences, made with the defaults where there are none; locked until the commit."""
    lock([membership_id])
    values = {
        "tenant_id": current_tenant_id(),
        "id": new_id(),
        "membership_id": membership_id,
        "choices": {},
        "digest": Digest.AT_ONCE,
        "digest_at": time(8),
        "updated_at": now(),
    }
    db.session.execute(insert(Preferences).values(values).on_conflict_do_nothing())
    return db.session.scalars(sa.select(Preferences).where(Preferences.membership_id == membership_id)).one()


def known_preferences(membership_id: UUID) -> Preferences | None:
    """The member's preferences, or None while everything is as by default."""
    return db.session.scalar(sa.select(Preferences).where(Preferences.membership_id == membership_id))


def prefer(membership_id: UUID, wishes: Wishes) -> None:
    """Take the member's wishes over, also for the mail that waits already."""
    preferences = preferences_of(membership_id)
    preferences.choices = {
        reason.value: sorted(channel.value for channel in channels)
        for reason, channels in wishes.choices.items()
    }
    preferences.digest, preferences.digest_at = wishes.digest, wishes.digest_at
    preferences.quiet_from, preferences.quiet_until = wishes.quiet_from, wishes.quiet_until
    if wishes.wants_mail:
        preferences.mail_stopped_at = None
    else:
        preferences.mail_stopped_at = preferences.mail_stopped_at or now()
    db.session.flush()
    _plan_again(preferences, wishes)


def stop_mail(membership_id: UUID) -> None:
    """No more notices by mail, whatever waits; the bell goes on. Done twice, it is done once."""
    preferences = preferences_of(membership_id)
    preferences.mail_stopped_at = preferences.mail_stopped_at or now()
    _waiting(membership_id, mail=MailState.DROPPED)


def _plan_again(preferences: Preferences, wishes: Wishes) -> None:
    member = preferences.membership_id
    if not wishes.wants_mail:
        _waiting(member, mail=MailState.DROPPED)
        return
    unwanted = [reason for reason, channels in wishes.choices.items() if Channel.MAIL not in channels]
    _waiting(member, Notification.reason.in_(unwanted), mail=MailState.DROPPED)
    user = db.session.scalars(
        sa.select(User).join(Membership, Membership.user_id == User.id).where(Membership.id == member)
    ).one()
    due = due_at(now(), rhythm_of(preferences, user))
    if _waiting(member, mail_due_at=due):
        ask_for_mail(member, due)


def _waiting(membership_id: UUID, *which: sa.ColumnElement[bool], **values: object) -> bool:
    """Change what waits for the member; whether anything did."""
    statement = sa.update(Notification).where(
        Notification.membership_id == membership_id, Notification.mail == MailState.WAITING, *which
    )
    done = db.session.execute(
        statement.values(values).returning(Notification.id).execution_options(synchronize_session=False)
    )
    return bool(done.all())
