"""Saying something on a ticket: public replies, internal notes, and what follows from them for the ticket itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app import richtext
from app.events import EventKind, record
from app.extensions import db, new_id, now
from app.policy import Actor, ActorKind
from app.tickets.changing import move_to_category
from app.tickets.conversation import Attachment, Comment
from app.tickets.models import Ticket
from app.tickets.search_index import index_message
from app.tickets.settings import Contact, StatusCategory

PREVIEW = 160  # characters of the last message that the inbox shows


@dataclass(frozen=True)
class Message:
    """What somebody says. `html` is untrusted and sanitised here; `quoted_html` is the history a mail carried."""

    html: str
    quoted_html: str | None = None
    attachments: Sequence[Attachment] = ()
    sent_at: datetime | None = None
    id: UUID | None = None  # chosen by the form, so that one sent twice is refused by the primary key

    @classmethod
    def plain(cls, text: str, attachments: Sequence[Attachment] = ()) -> "Message":
        """A message of plain text."""
        return cls(richtext.linkify(text), attachments=attachments)


def reply(ticket: Ticket, message: Message, *, by: Actor, held_until: datetime | None = None) -> Comment:
    """Say something that the requester and participants read. An agent's reply is mailed to them.

    Until `held_until` nothing follows from it, and taking_back.py can undo it.
    """
    comment = add_message(ticket, message, by=by)
    if by.kind is ActorKind.CONTACT:
        record(EventKind.COMMENT_PUBLIC_BY_REQUESTER, by=by, ticket_id=ticket.id, comment_id=comment.id)
        _wake(ticket, by)
    else:
        record(
            EventKind.COMMENT_PUBLIC_BY_AGENT,
            by=by,
            ticket_id=ticket.id,
            comment_id=comment.id,
            held_until=held_until,
            unique_key=what_follows(comment.id) if held_until else None,
        )
        if by.kind is ActorKind.AGENT and ticket.first_response_at is None:
            ticket.first_response_at = comment.created_at
        if ticket.status.category is StatusCategory.NEW:
            move_to_category(ticket, StatusCategory.OPEN, by=by)
    return comment


def what_follows(comment_id: UUID) -> str:
    """The name of the job that waits while a reply can still be taken back."""
    return f"follows:{comment_id}"


def note(ticket: Ticket, message: Message, *, by: Actor) -> Comment:
    """Say something that only the organisation's members read."""
    comment = add_message(ticket, message, by=by, is_internal=True)
    record(EventKind.COMMENT_INTERNAL, by=by, ticket_id=ticket.id, comment_id=comment.id)
    return comment


def add_message(
    ticket: Ticket, message: Message, *, by: Actor, is_internal: bool = False, is_first: bool = False
) -> Comment:
    """Put a message on the ticket without an event of its own (opening a ticket records one for both)."""
    html = richtext.sanitise(message.html)
    comment = Comment(
        id=message.id or new_id(),
        tenant_id=ticket.tenant_id,
        ticket_id=ticket.id,
        author_kind=by.kind,
        user_id=by.user_id,
        contact_id=by.contact_id,
        author_name=by.name,
        is_internal=is_internal,
        is_first=is_first,
        html=html,
        text=richtext.to_text(html),
        quoted_html=richtext.sanitise(message.quoted_html) if message.quoted_html else None,
        created_at=now(),
    )
    db.session.add(comment)
    db.session.flush()
    index_message(ticket, comment.text)
    for position, attachment in enumerate(message.attachments):
        attachment.ticket_id, attachment.comment_id, attachment.position = ticket.id, comment.id, position
        db.session.add(attachment)
    ticket.attachment_count += sum(not a.is_inline for a in message.attachments)
    ticket.comment_count += 0 if is_first else 1
    if by.kind is ActorKind.CONTACT and by.contact_id:
        _seen(ticket, by.contact_id)
    if not is_internal:
        _show_in_inbox(ticket, comment, by)
    return comment


def _show_in_inbox(ticket: Ticket, comment: Comment, by: Actor) -> None:
    ticket.last_message_at = comment.created_at
    ticket.preview = richtext.snippet(comment.text, PREVIEW)
    if by.kind is ActorKind.CONTACT or comment.is_first:
        ticket.waiting_since = ticket.waiting_since or comment.created_at
    else:
        ticket.waiting_since = None


def _seen(ticket: Ticket, contact_id: UUID) -> None:
    db.session.execute(
        sa.update(Contact)
        .where(Contact.tenant_id == ticket.tenant_id, Contact.id == contact_id)
        .values(last_seen_at=sa.func.greatest(Contact.last_seen_at, now()))
    )


def _wake(ticket: Ticket, by: Actor) -> None:
    """A requester's answer reopens what was pending, resolved or closed."""
    if ticket.status.category not in (StatusCategory.NEW, StatusCategory.OPEN):
        move_to_category(ticket, StatusCategory.OPEN, by=by)
