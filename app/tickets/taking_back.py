"""Taking back a reply before its mail leaves: words and files go back to their author, the ticket to what it was."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import url_for

from app import richtext
from app.events import Event, EventKind, record
from app.extensions import db
from app.jobs import cancel
from app.policy import Actor, ActorKind
from app.tickets.commenting import PREVIEW, what_follows
from app.tickets.conversation import Attachment, Comment
from app.tickets.models import Ticket
from app.tickets.search_index import index_anew

SIGNED_HTML, SIGNED_TEXT = "<p>-- <br>", "\n--\n"  # the mark of RFC 3676 section 4.3, as it is stored


class TooLate(Exception):
    """The mail has left, or is leaving."""


@dataclass(frozen=True)
class Draft:
    """What a reply was, for its author to go on with."""

    html: str
    text: str
    signature: str
    files: list[Attachment]

    @classmethod
    def of(cls, comment: Comment) -> "Draft":
        """The comment's words without the signature under them, which the composer adds anew."""
        html, text, signature = comment.html, comment.text, ""
        if SIGNED_HTML in html and SIGNED_TEXT in text:
            html = html.rpartition(SIGNED_HTML)[0]
            text, _, signature = text.rpartition(SIGNED_TEXT)
        pictures = {
            file.content_id: url_for("attachments.picture", attachment_id=file.id)
            for file in comment.attachments
            if file.content_id and file.is_raster
        }
        return cls(richtext.rewrite_cids(html, pictures), text.strip(), signature, list(comment.attachments))


def own_reply(member: Actor, ticket: Ticket, comment_id: Any) -> "sa.Select[Comment]":
    """The member's own public reply of this id on the ticket."""
    return sa.select(Comment).where(
        Comment.tenant_id == ticket.tenant_id,
        Comment.ticket_id == ticket.id,
        Comment.id == comment_id,
        Comment.user_id == member.user_id,
        Comment.author_kind == ActorKind.AGENT,
        Comment.is_internal.is_(False),
        Comment.is_first.is_(False),
    )


def take_back(ticket: Ticket, comment: Comment, *, by: Actor) -> Draft:
    """Remove the reply as if it had not been said, but for the record that it was. Raises TooLate."""
    if not cancel(what_follows(comment.id)):
        raise TooLate
    draft = Draft.of(comment)
    for file in draft.files:
        file.comment_id = None
    said = sa.and_(Event.tenant_id == ticket.tenant_id, Event.comment_id == comment.id)
    db.session.execute(sa.update(Event).where(said).values(comment_id=None))
    db.session.flush()
    db.session.delete(comment)
    ticket.comment_count -= 1
    ticket.attachment_count -= sum(not file.is_inline for file in draft.files)
    _show_as_before(ticket, comment)
    index_anew([ticket.id])
    record(EventKind.COMMENT_TAKEN_BACK, by=by, ticket_id=ticket.id)
    return draft


def _show_as_before(ticket: Ticket, comment: Comment) -> None:
    """What the inbox shows of the conversation, from the messages that remain."""
    rest = db.session.scalars(
        sa.select(Comment)
        .where(
            Comment.tenant_id == ticket.tenant_id,
            Comment.ticket_id == ticket.id,
            Comment.is_internal.is_(False),
            Comment.id != comment.id,
        )
        .order_by(Comment.created_at, Comment.id)
    ).all()
    waiting, answered = None, None
    for each in rest:
        if each.author_kind is ActorKind.CONTACT or each.is_first:
            waiting = waiting or each.created_at
        else:
            waiting = None
            if each.author_kind is ActorKind.AGENT:
                answered = answered or each.created_at
    ticket.waiting_since = waiting if ticket.is_open else None
    ticket.first_response_at = answered
    if rest:
        ticket.last_message_at = rest[-1].created_at
        ticket.preview = richtext.snippet(rest[-1].text, PREVIEW)
