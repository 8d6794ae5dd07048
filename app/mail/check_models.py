"""A mail by which an address is checked: sent by us with a code, and expected back at one of our addresses."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model, now, words
from app.tenancy import Tenanted, tenant_key


class CheckKind(StrEnum):
    """What is checked."""

    ROUND_TRIP = "round_trip"  # mail to one of our addresses comes in
    FORWARDING = "forwarding"  # mail to the customer's own address is forwarded to ours


class AddressCheck(Tenanted, Model):
    """One check. `address` is written to, and the mail must come in at the mailbox."""

    __tablename__ = "address_checks"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "code"),
        tenant_key("mailbox_id", "mailboxes"),
        sa.Index("ix_address_checks_mailbox", "tenant_id", "mailbox_id", "created_at"),
    )

    kind: Mapped[CheckKind] = mapped_column(words(CheckKind))
    mailbox_id: Mapped[UUID]
    address: Mapped[str]
    code: Mapped[str]
    asker: Mapped[list[Any]]  # [name, address] of whoever is told that it came
    fault: Mapped[str] = mapped_column(server_default="", default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    sent_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be waited for."""
        return bool(self.fault) or self.answered_at is not None
