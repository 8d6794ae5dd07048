"""One mail in or out: a row with its state and reason, from the moment we take charge of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.extensions import Model, now, words
from app.tenancy import Scope, Tenanted, tenant_key
from app.tickets.conversation import Comment
from app.tickets.models import Ticket


class InboundState(StrEnum):
    """Where a mail in ended; only `received` is on its way."""

    RECEIVED = "received"
    TICKETED = "ticketed"
    THREADED = "threaded"
    DUPLICATE = "duplicate"
    HELD = "held"
    DROPPED = "dropped"


class OutboundState(StrEnum):
    """How far a mail out has come. Ranked: a late provider event never takes it back."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    COMPLAINED = "complained"


class OutboundKind(StrEnum):
    """Why we write."""

    REPLY = "reply"
    ACKNOWLEDGEMENT = "acknowledgement"
    NOTICE = "notice"
    ACCOUNT = "account"  # to a person about their login or membership; about no ticket


class InboundMessage(Tenanted, Model):
    """One mail to one organisation, raw as it came."""

    __tablename__ = "inbound_messages"
    __crossing__ = {Scope.WATCH: "SELECT"}
    __table_args__ = (
        # One message becomes one thing: set on the first row with this Message-ID and From (their hash).
        sa.UniqueConstraint("tenant_id", "identity"),
        tenant_key("mailbox_id", "mailboxes"),
        tenant_key("ticket_id", "tickets"),
        tenant_key("comment_id", "comments"),
        sa.Index("ix_inbound_messages_state", "tenant_id", "state", "received_at"),
        sa.Index("ix_inbound_messages_sender", "tenant_id", "from_address", "received_at"),
        sa.Index("ix_inbound_messages_mailbox", "tenant_id", "mailbox_id", "received_at"),
        sa.Index("ix_inbound_messages_ticket", "tenant_id", "ticket_id"),
        sa.Index("ix_inbound_messages_received", "tenant_id", "received_at"),
    )

    mailbox_id: Mapped[UUID]
    recipient: Mapped[str]  # the envelope's, with its +tag
    envelope_from: Mapped[str] = mapped_column(server_default="")
    raw: Mapped[bytes] = mapped_column(deferred=True)
    size: Mapped[int]
    state: Mapped[InboundState] = mapped_column(words(InboundState), default=InboundState.RECEIVED)
    reason: Mapped[str] = mapped_column(server_default="", default="")
    identity: Mapped[str | None]
    message_id: Mapped[str | None]
    from_address: Mapped[str | None]
    from_name: Mapped[str | None]
    subject: Mapped[str | None]
    kind: Mapped[str | None]
    # What was seen while deciding: authentication verdicts, why threaded there, what was truncated.
    findings: Mapped[dict[str, Any]] = mapped_column(server_default=sa.text("'{}'::jsonb"), default=dict)
    ticket_id: Mapped[UUID | None]
    comment_id: Mapped[UUID | None]
    received_at: Mapped[datetime] = mapped_column(default=now)
    processed_at: Mapped[datetime | None]

    ticket: Mapped[Ticket | None] = relationship(
        primaryjoin=lambda: sa.and_(
            InboundMessage.tenant_id == Ticket.tenant_id, foreign(InboundMessage.ticket_id) == Ticket.id
        )
    )


class MessageReference(Tenanted, Model):
    """Which ticket a Message-ID belongs to: of mails seen, and of mails they refer to that may still come."""

    __tablename__ = "message_references"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "message_hash"),
        tenant_key("ticket_id", "tickets", ondelete="CASCADE"),
        sa.Index("ix_message_references_ticket", "tenant_id", "ticket_id"),
    )

    message_hash: Mapped[str]  # SHA-256 of the Message-ID: bounded, whatever a sender makes up
    ticket_id: Mapped[UUID]
    is_seen: Mapped[bool] = mapped_column(server_default=sa.true(), default=True)


class OutboundMessage(Tenanted, Model):
    """One mail from us: what to say is decided when the row is made, how often it is tried is its job's matter."""

    __tablename__ = "outbound_messages"
    __crossing__ = {Scope.ROUTING: "SELECT", Scope.WATCH: "SELECT"}
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "purpose"),
        sa.UniqueConstraint("tenant_id", "message_id"),
        tenant_key("ticket_id", "tickets"),
        tenant_key("comment_id", "comments"),
        tenant_key("mailbox_id", "mailboxes"),
        sa.Index("ix_outbound_messages_state", "tenant_id", "state", "created_at"),
        sa.Index("ix_outbound_messages_ticket", "tenant_id", "ticket_id"),
        sa.Index("ix_outbound_messages_created", "tenant_id", "created_at"),
        sa.Index("ix_outbound_messages_comment", "tenant_id", "comment_id"),
        # A provider's event knows the Message-ID only, not whose it is.
        sa.Index("ix_outbound_messages_message_id", "message_id"),
    )

    kind: Mapped[OutboundKind] = mapped_column(words(OutboundKind))
    purpose: Mapped[str]  # "reply:<comment id>": the same thing is never said twice
    ticket_id: Mapped[UUID | None]
    comment_id: Mapped[UUID | None]
    mailbox_id: Mapped[UUID | None]
    message_id: Mapped[str]
    to: Mapped[list[Any]]  # [[name, address], …]
    cc: Mapped[list[Any]] = mapped_column(default=list)
    subject: Mapped[str]
    state: Mapped[OutboundState] = mapped_column(words(OutboundState), default=OutboundState.QUEUED)
    reason: Mapped[str] = mapped_column(server_default="", default="")
    is_uncertain: Mapped[bool] = mapped_column(server_default=sa.false(), default=False)
    attempts: Mapped[int] = mapped_column(server_default="0", default=0)
    provider_id: Mapped[str | None]
    # The words of an account mail, which may hold a link that signs: sealed, and gone once sent.
    sealed: Mapped[bytes | None] = mapped_column(deferred=True)
    expires_at: Mapped[datetime | None]  # after which it is dropped rather than sent late
    created_at: Mapped[datetime] = mapped_column(default=now)
    attempted_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]

    ticket: Mapped[Ticket | None] = relationship(
        primaryjoin=lambda: sa.and_(
            OutboundMessage.tenant_id == Ticket.tenant_id, foreign(OutboundMessage.ticket_id) == Ticket.id
        )
    )
    comment: Mapped[Comment | None] = relationship(
        primaryjoin=lambda: sa.and_(
            OutboundMessage.tenant_id == Comment.tenant_id, foreign(OutboundMessage.comment_id) == Comment.id
        )
    )


class ProviderReceipt(Model):
    """A provider's token or event id, claimed once in the transaction that stores what came with it."""

    __tablename__ = "provider_receipts"

    provider: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
