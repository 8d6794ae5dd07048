"""What an organisation arranges before the first ticket: queues, mailboxes, statuses, tags; and its contacts."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, aliased, foreign, mapped_column, relationship

from app.extensions import Model, now, words
from app.tenancy import Scope, Tenanted, tenant_key


class StatusCategory(StrEnum):
    """What a status means to the product, whatever an organisation calls it."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Status(Tenanted, Model):
    """An organisation's own name for a stage of work."""

    __tablename__ = "statuses"
    __table_args__ = (sa.UniqueConstraint("tenant_id", "name"),)

    name: Mapped[str]
    category: Mapped[StatusCategory] = mapped_column(words(StatusCategory))
    position: Mapped[int] = mapped_column(server_default="0")
    retired_at: Mapped[datetime | None]


class Joining(StrEnum):
    """Who may join a conversation of a queue by answering one of its mails."""

    PARTICIPANTS = "participants"  # a stranger's answer is held
    ANYONE = "anyone"  # a public list: whoever answers becomes a participant


class Queue(Tenanted, Model):
    """Where tickets wait."""

    __tablename__ = "queues"
    __table_args__ = (sa.UniqueConstraint("tenant_id", "name"), sa.UniqueConstraint("tenant_id", "slug"))

    name: Mapped[str]
    slug: Mapped[str]
    members_only: Mapped[bool] = mapped_column(server_default=sa.false(), default=False)
    joining: Mapped[Joining] = mapped_column(words(Joining), default=Joining.PARTICIPANTS)
    accepts_lists: Mapped[bool] = mapped_column(server_default=sa.false(), default=False)
    acknowledges: Mapped[bool] = mapped_column(server_default=sa.true(), default=True)
    position: Mapped[int] = mapped_column(server_default="0")
    retired_at: Mapped[datetime | None]

    mailboxes: Mapped[list["Mailbox"]] = relationship(
        primaryjoin=lambda: sa.and_(
            Queue.tenant_id == Mailbox.tenant_id, Queue.id == foreign(Mailbox.queue_id)
        ),
        order_by=lambda: Mailbox.created_at,
        viewonly=True,
    )


class QueueMember(Tenanted, Model):
    """A member who works a queue."""

    __tablename__ = "queue_members"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "queue_id", "membership_id"),
        tenant_key("queue_id", "queues", ondelete="CASCADE"),
        tenant_key("membership_id", "memberships", ondelete="CASCADE"),
        sa.Index("ix_queue_members_member", "tenant_id", "membership_id"),
    )

    queue_id: Mapped[UUID]
    membership_id: Mapped[UUID]


class Mailbox(Tenanted, Model):
    """An inbound address. Never deleted, so that an answer to an old mail still finds its way."""

    __tablename__ = "mailboxes"
    __crossing__ = {Scope.ROUTING: "SELECT"}
    __table_args__ = (
        tenant_key("queue_id", "queues"),
        sa.CheckConstraint("address = lower(address)", name="address_lower"),
        sa.Index("ix_mailboxes_queue", "tenant_id", "queue_id"),
    )

    queue_id: Mapped[UUID]
    address: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    retired_at: Mapped[datetime | None]

    queue: Mapped[Queue] = relationship(
        primaryjoin=lambda: sa.and_(
            Mailbox.tenant_id == Queue.tenant_id, foreign(Mailbox.queue_id) == Queue.id
        )
    )


class Contact(Tenanted, Model):
    """A requester in one organisation; needs no login."""

    __tablename__ = "contacts"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "email"),
        tenant_key("merged_into_id", "contacts"),
        sa.CheckConstraint("email = lower(email)", name="email_lower"),
        sa.Index("ix_contacts_seen", "tenant_id", "last_seen_at"),
        sa.Index("ix_contacts_merged", "tenant_id", "merged_into_id"),
    )

    name: Mapped[str] = mapped_column(server_default="")
    email: Mapped[str | None]
    phone: Mapped[str | None]
    user_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    undeliverable_at: Mapped[datetime | None]
    blocked_at: Mapped[datetime | None]
    notes: Mapped[str] = mapped_column(server_default="", default="")
    # A merged contact stays as another address of whom it was merged into; nothing else refers to it.
    merged_into_id: Mapped[UUID | None]
    last_seen_at: Mapped[datetime] = mapped_column(server_default=sa.func.now(), default=now)
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def known_by(cls, tenant_id: UUID, address: str) -> "sa.Select[Contact]":
        """The contact of an address (lower case), also of one that came to it by a merge."""
        known = sa.select(sa.func.coalesce(cls.merged_into_id, cls.id)).where(
            cls.tenant_id == tenant_id, cls.email == address
        )
        whole = aliased(cls)
        return sa.select(whole).where(whole.tenant_id == tenant_id, whole.id == known.scalar_subquery())

    @property
    def display_name(self) -> str:
        return self.name or self.email or self.phone or ""


class Tag(Tenanted, Model):
    """A word on tickets."""

    __tablename__ = "tags"
    __table_args__ = (sa.UniqueConstraint("tenant_id", "name"),)

    name: Mapped[str]
