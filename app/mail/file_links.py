"""Links by which somebody without a login fetches a file of a public comment: signed, and good for a while."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer

from app.tenancy import current_tenant_id
from app.tickets.conversation import Attachment, Comment

LIFETIME = timedelta(days=30)
PATH = "/files/"


def file_url(attachment: Attachment) -> str:
    """An absolute address of the file that works for LIFETIME."""
    token = _signer().dumps([attachment.tenant_id.hex, attachment.id.hex])
    return f"{current_app.config['APP_BASE_URL'].rstrip('/')}{PATH}{token}"


def read_token(token: str) -> tuple[UUID, UUID] | None:
    """Organisation and attachment of a token that we signed and that has not expired; None for any other."""
    try:
        tenant, attachment = _signer().loads(token, max_age=int(LIFETIME.total_seconds()))
        return UUID(hex=tenant), UUID(hex=attachment)
    except (BadData, ValueError, TypeError):
        return None


def public_file(attachment_id: UUID) -> "sa.Select[Attachment]":
    """The file of the current organisation, if the comment it is on is public."""
    return (
        sa.select(Attachment)
        .join(
            Comment,
            sa.and_(Comment.tenant_id == Attachment.tenant_id, Comment.id == Attachment.comment_id),
        )
        .where(
            Attachment.tenant_id == current_tenant_id(),
            Attachment.id == attachment_id,
            ~Comment.is_internal,
        )
    )


def expires_at() -> datetime:
    """Until when a link made now works."""
    return datetime.now(UTC) + LIFETIME


def _signer() -> URLSafeTimedSerializer:
    secret = current_app.config["SECRET_KEY"]
    return URLSafeTimedSerializer(secret, salt="file-link", signer_kwargs={"digest_method": hashlib.sha256})
