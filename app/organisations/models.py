"""Partners, organisations (the tenants), and memberships: who belongs to which, as what."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.auth.models import User
from app.extensions import Model, new_id, now, words
from app.policy import Actor, ActorKind, Role
from app.tenancy import Scope, Tenanted

SLUG = "^[a-z0-9](-?[a-z0-9])*$"


class Partner(Model):
    """A company that manages several organisations and gives them its brand."""

    __tablename__ = "partners"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    suspended_at: Mapped[datetime | None]


class PartnerMembership(Model):
    """A partner admin: acts as admin in every organisation of the partner."""

    __tablename__ = "partner_memberships"

    partner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("partners.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    partner: Mapped[Partner] = relationship(lazy="joined", innerjoin=True)


class Organisation(Model):
    """The tenant: everything else carries its id."""

    __tablename__ = "organisations"
    __table_args__ = (
        sa.CheckConstraint(f"slug ~ '{SLUG}' AND length(slug) BETWEEN 2 AND 40", name="slug"),
        sa.Index("ix_organisations_partner", "partner_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    partner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("partners.id"))
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    time_zone: Mapped[str] = mapped_column(server_default="Europe/London")
    locale: Mapped[str] = mapped_column(server_default="en")
    requires_second_factor: Mapped[bool] = mapped_column(server_default=sa.false(), default=False)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    suspended_at: Mapped[datetime | None]
    suspended_because: Mapped[str] = mapped_column(server_default="", default="")  # as its members read it

    partner: Mapped[Partner | None] = relationship()

    @property
    def is_suspended(self) -> bool:
        """Whether nobody may work in it now, for its own sake or because its partner is suspended."""
        return self.suspended_at is not None or (
            self.partner is not None and self.partner.suspended_at is not None
        )


class Membership(Tenanted, Model):
    """User × organisation × role. Ended rather than deleted, so that history keeps its names."""

    __tablename__ = "memberships"
    __crossing__ = {Scope.OWN_MEMBERSHIPS: "SELECT"}
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "user_id"),
        sa.Index("ix_memberships_user", "user_id"),
    )

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("users.id"))
    role: Mapped[Role] = mapped_column(words(Role))
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    ended_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    organisation: Mapped[Organisation] = relationship(
        primaryjoin=lambda: foreign(Membership.tenant_id) == Organisation.id, viewonly=True
    )

    @property
    def name(self) -> str:
        return self.user.name

    def as_actor(self) -> Actor:
        """The member as the author of acts."""
        return Actor(
            ActorKind.AGENT,
            self.tenant_id,
            self.user.name,
            user_id=self.user_id,
            membership_id=self.id,
            role=self.role,
        )


class Invitation(Tenanted, Model):
    """Somebody asked to become a member: one address, one organisation, once. Only the link's hash is kept."""

    __tablename__ = "invitations"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "token_hash"),
        sa.Index(
            "ix_invitations_open",
            "tenant_id",
            "email",
            unique=True,
            postgresql_where=sa.text("accepted_at IS NULL AND revoked_at IS NULL"),
        ),
        sa.CheckConstraint("email = lower(email)", name="email_lower"),
    )

    email: Mapped[str]
    role: Mapped[Role] = mapped_column(words(Role))
    queue_ids: Mapped[list[Any]] = mapped_column(default=list)
    token_hash: Mapped[str]
    invited_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    sent_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    invited_by: Mapped[User] = relationship(lazy="joined", innerjoin=True)

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= now()
