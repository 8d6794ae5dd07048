"""Tickets and what is on them. Verbs live beside: opening.py, changing.py, commenting.py, attaching.py."""

from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.extensions import Model, now
from app.organisations.models import Membership
from app.policy import Actor
from app.tenancy import Tenanted, tenant_key
from app.tickets.settings import Contact, Queue, QueueMember, Status, StatusCategory, Tag

OPEN_CATEGORIES = (StatusCategory.NEW, StatusCategory.OPEN, StatusCategory.PENDING, StatusCategory.ON_HOLD)


class Priority(IntEnum):
    """How urgent, in the order lists sort by."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    URGENT = 4

    @property
    def word(self) -> str:
        return self.name.lower()


class PriorityColumn(sa.types.TypeDecorator[Priority]):
    """Stores a priority as its rank, so that the database sorts by urgency."""

    impl = sa.SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Priority | int | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> Priority | None:
        return None if value is None else Priority(value)


class Ticket(Tenanted, Model):
    """The case. Each of its fields has one writer, in changing.py."""

    __tablename__ = "tickets"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "number"),
        tenant_key("status_id", "statuses"),
        tenant_key("queue_id", "queues"),
        tenant_key("assignee_id", "memberships"),
        tenant_key("requester_id", "contacts"),
        sa.Index("ix_tickets_recent", "tenant_id", "last_message_at"),
        sa.Index("ix_tickets_status", "tenant_id", "status_id", "last_message_at"),
        sa.Index("ix_tickets_queue", "tenant_id", "queue_id", "status_id"),
        sa.Index("ix_tickets_assignee", "tenant_id", "assignee_id", "status_id"),
        sa.Index(
            "ix_tickets_resolved",
            "tenant_id",
            "resolved_at",
            postgresql_where=sa.text("resolved_at IS NOT NULL"),
        ),
        sa.Index("ix_tickets_requester", "tenant_id", "requester_id"),
    )

    number: Mapped[int]
    subject: Mapped[str]
    status_id: Mapped[UUID]
    queue_id: Mapped[UUID]
    assignee_id: Mapped[UUID | None]
    requester_id: Mapped[UUID]
    priority: Mapped[Priority] = mapped_column(PriorityColumn, default=Priority.MEDIUM)
    origin: Mapped[str] = mapped_column(server_default="web")
    due_at: Mapped[datetime | None]
    first_response_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    # What the inbox shows of the conversation, so that a list needs no look at comments.
    last_message_at: Mapped[datetime] = mapped_column(default=now)
    preview: Mapped[str] = mapped_column(server_default="")
    waiting_since: Mapped[datetime | None]  # since when the requester waits for us; None while they do not
    comment_count: Mapped[int] = mapped_column(server_default="0", default=0)
    attachment_count: Mapped[int] = mapped_column(server_default="0", default=0)
    version: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": version}

    status: Mapped[Status] = relationship(
        primaryjoin=lambda: sa.and_(
            Ticket.tenant_id == Status.tenant_id, foreign(Ticket.status_id) == Status.id
        )
    )
    queue: Mapped[Queue] = relationship(
        primaryjoin=lambda: sa.and_(Ticket.tenant_id == Queue.tenant_id, foreign(Ticket.queue_id) == Queue.id)
    )
    assignee: Mapped[Membership | None] = relationship(
        primaryjoin=lambda: sa.and_(
            Ticket.tenant_id == Membership.tenant_id, foreign(Ticket.assignee_id) == Membership.id
        )
    )
    requester: Mapped[Contact] = relationship(
        primaryjoin=lambda: sa.and_(
            Ticket.tenant_id == Contact.tenant_id, foreign(Ticket.requester_id) == Contact.id
        )
    )
    tags: Mapped[list[Tag]] = relationship(
        secondary="ticket_tags",
        primaryjoin=lambda: sa.and_(
            Ticket.tenant_id == TicketTag.tenant_id, Ticket.id == foreign(TicketTag.ticket_id)
        ),
        secondaryjoin=lambda: sa.and_(
            TicketTag.tenant_id == Tag.tenant_id, foreign(TicketTag.tag_id) == Tag.id
        ),
        order_by=lambda: Tag.name,
        viewonly=True,
    )

    @property
    def is_open(self) -> bool:
        return self.status.category in OPEN_CATEGORIES

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.due_at is not None and self.due_at < now()

    @classmethod
    def visible_to(cls, member: Actor) -> "sa.Select[Ticket]":
        """The tickets a member may see: managers all; staff those of queues open to them and their own."""
        visible = sa.select(cls).where(cls.tenant_id == member.tenant_id)
        if member.sees_all_queues:
            return visible
        return visible.where(cls.is_open_to(member.tenant_id, member.membership_id))

    @classmethod
    def is_open_to(cls, tenant_id: UUID, membership_id: Any) -> sa.ColumnElement[bool]:
        """Whether somebody without sight of all queues may see the ticket: a membership's id, or a column of ids."""
        mine = sa.select(QueueMember.queue_id).where(
            QueueMember.tenant_id == tenant_id, QueueMember.membership_id == membership_id
        )
        open_to_them = sa.or_(~Queue.members_only, Queue.id.in_(mine.correlate_except(QueueMember)))
        queues = sa.select(Queue.id).where(Queue.tenant_id == tenant_id, open_to_them)
        return sa.or_(cls.queue_id.in_(queues.correlate_except(Queue)), cls.assignee_id == membership_id)


class TicketTag(Tenanted, Model):
    """A tag on a ticket."""

    __tablename__ = "ticket_tags"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "ticket_id", "tag_id"),
        tenant_key("ticket_id", "tickets", ondelete="CASCADE"),
        tenant_key("tag_id", "tags", ondelete="CASCADE"),
        sa.Index("ix_ticket_tags_tag", "tenant_id", "tag_id"),
    )

    ticket_id: Mapped[UUID]
    tag_id: Mapped[UUID]


class Participant(Tenanted, Model):
    """A contact in copy on a ticket: gets its public replies and may answer them."""

    __tablename__ = "participants"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "ticket_id", "contact_id"),
        tenant_key("ticket_id", "tickets", ondelete="CASCADE"),
        tenant_key("contact_id", "contacts"),
        sa.Index("ix_participants_contact", "tenant_id", "contact_id"),
    )

    ticket_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(default=now)

    contact: Mapped[Contact] = relationship(
        primaryjoin=lambda: sa.and_(
            Participant.tenant_id == Contact.tenant_id, foreign(Participant.contact_id) == Contact.id
        ),
        lazy="joined",
        innerjoin=True,
    )


class Counters(Tenanted, Model):
    """What an organisation counts under a lock, in a row of its own so that the lock holds up nothing else."""

    __tablename__ = "counters"
    __table_args__ = (sa.UniqueConstraint("tenant_id"),)

    last_number: Mapped[int] = mapped_column(server_default="0", default=0)
    storage_bytes: Mapped[int] = mapped_column(sa.BigInteger, server_default="0", default=0)
