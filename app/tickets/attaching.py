"""Files on tickets: stored under random keys, counted per organisation, typed by what they are."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.dialects.postgresql import insert

from app.extensions import db, new_id
from app.jobs import Lane, job, later
from app.policy import Actor
from app.storage import Storage
from app.tenancy import current_tenant_id
from app.thumbnails import raster_type
from app.tickets.conversation import Attachment
from app.tickets.models import Counters, Ticket

LARGEST = 25 * 1000 * 1000  # bytes of one file, as much as mail carries
OPAQUE = "application/octet-stream"
# What browsers may be told a file is; anything else travels as bytes. None of these can run in a page.
KNOWN_TYPES = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain", "text/csv"}
    | {"application/zip", "message/rfc822", "audio/mpeg", "video/mp4"}
)


@dataclass(frozen=True)
class File:
    """A file as it came in. Its name is only ever shown."""

    name: str
    content_type: str
    data: bytes
    content_id: str | None = None
    is_inline: bool = False


def storage() -> Storage:
    """The application's storage."""
    found: Storage = current_app.extensions["storage"]
    return found


def store(
    file: File, *, by: Actor | None = None, ticket: Ticket | None = None, key: str | None = None
) -> Attachment:
    """Store the file and count it. Without a comment the row is a draft of the member who uploads it.

    A job that may run twice gives the `key`, so that the second run replaces the first one's file.
    """
    tenant_id = current_tenant_id()
    attachment = Attachment(
        id=new_id(),
        tenant_id=tenant_id,
        ticket_id=ticket.id if ticket else None,
        uploaded_by_id=by.user_id if by else None,
        name=file.name,
        content_type=_type_of(file),
        size=len(file.data),
        sha256=hashlib.sha256(file.data).hexdigest(),
        storage_key=f"{tenant_id}/{key or new_id()}",
        content_id=file.content_id,
        is_inline=file.is_inline,
    )
    storage().put(attachment.storage_key, file.data, attachment.content_type)
    _count(attachment.size)
    db.session.add(attachment)
    db.session.flush()
    return attachment


def discard(attachment: Attachment) -> None:
    """Throw a draft away; its file goes once this is committed."""
    db.session.delete(attachment)
    _count(-attachment.size)
    later(delete_file, attachment.storage_key)


@job(lane=Lane.BULK)
def delete_file(storage_key: str) -> None:
    """Delete a stored file of the current organisation that no row speaks of any more."""
    if storage_key.startswith(f"{current_tenant_id()}/"):
        storage().delete(storage_key)


def drafts(ids: Sequence[UUID], *, by: Actor, ticket: Ticket | None = None) -> list[Attachment]:
    """The member's own drafts among these ids, in their order; others are as if they did not exist."""
    if not ids:
        return []
    rows = db.session.scalars(
        sa.select(Attachment).where(
            Attachment.tenant_id == by.tenant_id,
            Attachment.id.in_(ids),
            Attachment.comment_id.is_(None),
            Attachment.uploaded_by_id == by.user_id,
            Attachment.ticket_id.is_(None) if ticket is None else Attachment.ticket_id == ticket.id,
        )
    )
    found = {row.id: row for row in rows}
    return [found[each] for each in ids if each in found]


def visible_attachment(member: Actor, attachment_id: UUID) -> "sa.Select[Attachment]":
    """The attachment, if it is on a ticket the member may see, or a draft of the member's own."""
    tickets = Ticket.visible_to(member).with_only_columns(Ticket.id)
    own = sa.and_(Attachment.comment_id.is_(None), Attachment.uploaded_by_id == member.user_id)
    posted = sa.and_(Attachment.comment_id.is_not(None), Attachment.ticket_id.in_(tickets))
    return sa.select(Attachment).where(
        Attachment.tenant_id == member.tenant_id, Attachment.id == attachment_id, sa.or_(own, posted)
    )


def open_file(attachment: Attachment) -> BinaryIO:
    """The stored bytes for reading. Raises storage.Missing."""
    return storage().open(attachment.storage_key)


def _type_of(file: File) -> str:
    """A picture is what its bytes are; other types are believed only where nothing can run."""
    claimed = file.content_type.partition(";")[0].strip().lower()
    if claimed.startswith("image/"):
        return raster_type(file.data) or OPAQUE
    return claimed if claimed in KNOWN_TYPES else OPAQUE


def _count(size: int) -> None:
    statement = insert(Counters).values(
        tenant_id=current_tenant_id(), id=new_id(), storage_bytes=max(size, 0)
    )
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id"], set_={"storage_bytes": Counters.storage_bytes + size}
        )
    )
