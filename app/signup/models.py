"""Registrations: what somebody asked for who has yet to show that the mailbox is theirs."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model, new_id


class Registration(Model):
    """One registration, confirmed once by the link in the mail. The row holds only the link's hash."""

    __tablename__ = "registrations"
    __table_args__ = (sa.Index("ix_registrations_expires", "expires_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str]
    organisation_name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
