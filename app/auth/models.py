"""Users, who sign in once and may belong to many organisations, their sessions, second factors and mailed links."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_login import UserMixin
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Model, new_id, now, words


class User(UserMixin, Model):
    """A global login. Only the person changes its address and password."""

    __tablename__ = "users"
    __table_args__ = (sa.CheckConstraint("email = lower(email)", name="email_lower"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    locale: Mapped[str] = mapped_column(server_default="en")
    time_zone: Mapped[str] = mapped_column(server_default="Europe/London")
    signature: Mapped[str] = mapped_column(server_default="", default="")
    away_until: Mapped[date | None]  # the last day away, where the person is
    picture_mark: Mapped[str | None]  # changes with the picture, so that its URL can be kept for ever
    second_factor_at: Mapped[datetime | None]  # since when signing in asks for a code
    email_verified_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None

    @property
    def has_second_factor(self) -> bool:
        return self.second_factor_at is not None

    @property
    def is_away(self) -> bool:
        """Whether today, where the person is, is one of the days they are away."""
        return (
            self.away_until is not None
            and now().astimezone(ZoneInfo(self.time_zone)).date() <= self.away_until
        )

    @property
    def first_name(self) -> str:
        return self.name.split(" ")[0]


class Session(Model):
    """One signed-in browser. The cookie holds a random token, the row only its hash; revoked at once by `ended_at`."""

    __tablename__ = "sessions"
    __table_args__ = (sa.Index("ix_sessions_user", "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    host: Mapped[str]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    proved_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())  # password or code, last given
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class HalfSession(Model):
    """A browser that gave the right password and owes the second factor. A table of its own: it can open nothing."""

    __tablename__ = "half_sessions"
    __table_args__ = (sa.Index("ix_half_sessions_user", "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    host: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class SecondFactor(Model):
    """The secret that a user's app makes codes from, sealed; in force once the user has shown a first code."""

    __tablename__ = "second_factors"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    sealed_secret: Mapped[bytes]
    last_counter: Mapped[int] = mapped_column(sa.BigInteger, server_default="0", default=0)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    confirmed_at: Mapped[datetime | None]


class RecoveryCode(Model):
    """One of the codes for the day the phone is gone. Only its hash is kept, and it works once."""

    __tablename__ = "recovery_codes"
    __table_args__ = (sa.Index("ix_recovery_codes_user", "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    code_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    used_at: Mapped[datetime | None]


class LinkKind(StrEnum):
    """What a mailed link is good for."""

    RESET = "reset"
    NEW_ADDRESS = "new_address"


class AccountLink(Model):
    """A link mailed to a user, good for one thing, once, for a while. Only the hash of its token is kept."""

    __tablename__ = "account_links"
    __table_args__ = (
        sa.Index("ix_account_links_user", "user_id", "kind"),
        sa.Index("ix_account_links_expires", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[LinkKind] = mapped_column(words(LinkKind))
    token_hash: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    email: Mapped[str]  # where it was sent
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class Portrait(Model):
    """A user's picture, small and made anew from whatever was given."""

    __tablename__ = "portraits"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    data: Mapped[bytes]
    content_type: Mapped[str]
