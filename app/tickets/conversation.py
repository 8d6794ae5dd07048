"""What is said on a ticket: comments and the files with them."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.auth.models import User
from app.extensions import Model, now, words
from app.policy import ActorKind
from app.tenancy import Tenanted, tenant_key
from app.tickets.settings import Contact


class Comment(Tenanted, Model):
    """A public reply or an internal note. `html` is sanitised, `quoted_html` the history a mail dragged along."""

    __tablename__ = "comments"
    __table_args__ = (
        tenant_key("ticket_id", "tickets", ondelete="CASCADE"),
        tenant_key("contact_id", "contacts"),
        sa.Index("ix_comments_ticket", "tenant_id", "ticket_id", "created_at"),
    )

    ticket_id: Mapped[UUID]
    author_kind: Mapped[ActorKind] = mapped_column(words(ActorKind))
    user_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    contact_id: Mapped[UUID | None]
    author_name: Mapped[str] = mapped_column(server_default="")
    is_internal: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    is_first: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    html: Mapped[str]
    text: Mapped[str]
    quoted_html: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)

    user: Mapped[User | None] = relationship()
    contact: Mapped[Contact | None] = relationship(
        primaryjoin=lambda: sa.and_(
            Comment.tenant_id == Contact.tenant_id, foreign(Comment.contact_id) == Contact.id
        )
    )
    attachments: Mapped[list["Attachment"]] = relationship(
        primaryjoin=lambda: sa.and_(
            Comment.tenant_id == Attachment.tenant_id, Comment.id == foreign(Attachment.comment_id)
        ),
        order_by=lambda: Attachment.position,
        viewonly=True,
    )


class Attachment(Tenanted, Model):
    """A file on a ticket. Without a comment it is a draft of the member who uploaded it."""

    __tablename__ = "attachments"
    __table_args__ = (
        tenant_key("ticket_id", "tickets", ondelete="CASCADE"),
        tenant_key("comment_id", "comments", ondelete="CASCADE"),
        sa.Index("ix_attachments_ticket", "tenant_id", "ticket_id"),
        sa.Index("ix_attachments_comment", "tenant_id", "comment_id"),
    )

    ticket_id: Mapped[UUID | None]  # None: uploaded for a ticket that is still being written
    comment_id: Mapped[UUID | None]
    uploaded_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str]
    storage_key: Mapped[str]
    content_id: Mapped[str | None]
    is_inline: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    position: Mapped[int] = mapped_column(server_default="0", default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def is_raster(self) -> bool:
        return self.content_type in {"image/png", "image/jpeg", "image/gif", "image/webp"}
