"""Who watches which ticket, what members were told, and how they want to be told."""

from datetime import datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.events import Event
from app.extensions import Model, now, words
from app.notifications.choosing import DEFAULTS, Channel, Choices, Reason
from app.notifications.timing import Digest
from app.tenancy import Tenanted, tenant_key
from app.tickets.models import Ticket


class Watcher(Tenanted, Model):
    """A member who follows a ticket. One who stopped keeps the row, so that only they start it again."""

    __tablename__ = "ticket_watchers"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "ticket_id", "membership_id"),
        tenant_key("ticket_id", "tickets", ondelete="CASCADE"),
        tenant_key("membership_id", "memberships", ondelete="CASCADE"),
        sa.Index("ix_ticket_watchers_member", "tenant_id", "membership_id"),
    )

    ticket_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(default=now)
    stopped_at: Mapped[datetime | None]


class MailState(StrEnum):
    """What became of the mail about a notification."""

    NONE = "none"  # not wanted
    WAITING = "waiting"
    WRITTEN = "written"
    SEEN = "seen"  # read in the application before the mail was due
    DROPPED = "dropped"  # the member may no longer see the ticket, left, or wants none


class Notification(Tenanted, Model):
    """One member told of one event. Those of a bulk edit share a `fold`, the id of the first of them."""

    __tablename__ = "notifications"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "event_id", "membership_id"),
        tenant_key("membership_id", "memberships", ondelete="CASCADE"),
        tenant_key("event_id", "events", ondelete="CASCADE"),
        tenant_key("ticket_id", "tickets", ondelete="CASCADE"),
        tenant_key("outbound_id", "outbound_messages"),
        sa.Index("ix_notifications_member", "tenant_id", "membership_id", "id"),
        sa.Index("ix_notifications_fold", "tenant_id", "fold"),
        sa.Index("ix_notifications_ticket", "tenant_id", "ticket_id"),
        sa.Index("ix_notifications_outbound", "tenant_id", "outbound_id"),
        sa.Index(
            "ix_notifications_unread",
            "tenant_id",
            "membership_id",
            "ticket_id",
            postgresql_where=sa.text("read_at IS NULL"),
        ),
        sa.Index(
            "ix_notifications_waiting",
            "tenant_id",
            "membership_id",
            "mail_due_at",
            postgresql_where=sa.text("mail = 'waiting'"),
        ),
    )

    membership_id: Mapped[UUID]
    event_id: Mapped[UUID]
    ticket_id: Mapped[UUID]
    reason: Mapped[Reason] = mapped_column(words(Reason))
    fold: Mapped[UUID]
    is_shown: Mapped[bool]  # in the bell; one that is only mailed is not
    read_at: Mapped[datetime | None]
    mail: Mapped[MailState] = mapped_column(words(MailState))
    mail_due_at: Mapped[datetime | None]
    outbound_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=now)

    event: Mapped[Event] = relationship(
        primaryjoin=lambda: sa.and_(
            Notification.tenant_id == Event.tenant_id, foreign(Notification.event_id) == Event.id
        )
    )
    ticket: Mapped[Ticket] = relationship(
        primaryjoin=lambda: sa.and_(
            Notification.tenant_id == Ticket.tenant_id, foreign(Notification.ticket_id) == Ticket.id
        )
    )


class Preferences(Tenanted, Model):
    """How one member wants to be told. Without a row, everything is as by default."""

    __tablename__ = "notification_preferences"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "membership_id"),
        tenant_key("membership_id", "memberships", ondelete="CASCADE"),
    )

    membership_id: Mapped[UUID]
    choices: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"mention": ["app", "mail"], …}
    digest: Mapped[Digest] = mapped_column(words(Digest), default=Digest.AT_ONCE)
    digest_at: Mapped[time] = mapped_column(default=time(8))
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    mail_stopped_at: Mapped[datetime | None]  # by the link in a mail, until the member turns mail on again
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    def chosen(self) -> Choices:
        """What is told by which channel, complete."""
        return {
            reason: frozenset(Channel(each) for each in self.choices[reason])
            if reason in self.choices
            else DEFAULTS[reason]
            for reason in Reason
        }
