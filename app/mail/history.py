"""Where a mail stands in its conversation: what it quotes, what it answers, and Outlook's thread index."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import format_datetime

from app import richtext
from app.extensions import db
from app.mail import headers, outlook
from app.mail.compose import reference_chain
from app.mail.models import InboundMessage, OutboundMessage, OutboundState
from app.tickets.conversation import Comment
from app.tickets.models import Ticket

QUOTED = 3  # earlier messages that a reply quotes
LONGEST_QUOTE = 20_000  # characters of HTML; a longer message is quoted by its first words
FIRST_WORDS = 2_000
HEAD = 64_000  # bytes of a stored mail that hold its header


@dataclass(frozen=True)
class Quote:
    """One earlier public message, its newest first."""

    author: str
    at: str
    html: str
    text: str


@dataclass(frozen=True)
class Place:
    """The headers that put a mail into its thread."""

    in_reply_to: str | None
    references: tuple[str, ...]
    thread_index: str | None


def quoted_before(comment: Comment, zone: ZoneInfo) -> list[Quote]:
    """The public messages before the comment, newest first. An internal note is never among them."""
    earlier = db.session.scalars(
        sa.select(Comment)
        .where(
            Comment.tenant_id == comment.tenant_id,
            Comment.ticket_id == comment.ticket_id,
            ~Comment.is_internal,
            Comment.created_at < comment.created_at,
        )
        .order_by(Comment.created_at.desc())
        .limit(QUOTED)
    )
    return [_quote(each, zone) for each in earlier]


def place_of(message: OutboundMessage, ticket: Ticket) -> Place:
    """What the mail answers: the latest public mail in before it, or our own latest where there is none."""
    received = _received_before(message)
    sent = db.session.execute(
        sa.select(OutboundMessage.created_at, OutboundMessage.message_id).where(
            OutboundMessage.tenant_id == message.tenant_id,
            OutboundMessage.ticket_id == message.ticket_id,
            OutboundMessage.created_at < message.created_at,
            OutboundMessage.state != OutboundState.FAILED,
        )
    ).all()
    chain = sorted(
        [(at, _bracketed(identifier)) for at, identifier, _ in received if identifier]
        + [(at, identifier) for at, identifier in sent]
    )
    answered = (
        _bracketed(received[-1][1]) if received and received[-1][1] else chain[-1][1] if chain else None
    )
    index = outlook.answer_index(
        _index_of(received[-1][2]) if received else None, message.created_at, message.id.bytes[-1]
    ) or outlook.answer_index(
        outlook.first_index(ticket.created_at, ticket.id), message.created_at, message.id.bytes[-1]
    )
    return Place(answered, reference_chain(*(identifier for _, identifier in chain), answered), index)


def _received_before(message: OutboundMessage) -> list[tuple[datetime, str | None, bytes]]:
    """Time, Message-ID and head of the mails that became public messages of the ticket, oldest first."""
    rows = db.session.execute(
        sa.select(
            InboundMessage.received_at,
            # A mail that came without one was given an id that nobody but us knows.
            sa.case(
                (InboundMessage.findings["synthetic"].as_boolean(), None), else_=InboundMessage.message_id
            ),
            sa.func.substr(InboundMessage.raw, 1, HEAD),
        )
        .join(
            Comment,
            sa.and_(Comment.tenant_id == InboundMessage.tenant_id, Comment.id == InboundMessage.comment_id),
        )
        .where(
            InboundMessage.tenant_id == message.tenant_id,
            InboundMessage.ticket_id == message.ticket_id,
            InboundMessage.received_at < message.created_at,
            ~Comment.is_internal,
        )
        .order_by(InboundMessage.received_at.desc())
        .limit(20)
    ).all()
    return [(at, identifier, bytes(head)) for at, identifier, head in reversed(rows)]


def _index_of(head: bytes) -> str:
    block, _ = headers.read_block(head)
    return block.line("Thread-Index", 400).replace(" ", "")


def _bracketed(identifier: str | None) -> str:
    return f"<{(identifier or '').strip('<>')}>"


def _quote(comment: Comment, zone: ZoneInfo) -> Quote:
    is_long = len(comment.html) > LONGEST_QUOTE
    text = richtext.snippet(comment.text, FIRST_WORDS) if is_long else comment.text
    html = richtext.linkify(text) if is_long else richtext.rewrite_cids(comment.html, {})
    at = format_datetime(comment.created_at.astimezone(zone), "d MMMM yyyy, HH:mm", rebase=False)
    return Quote(comment.author_name, at, html, text)
