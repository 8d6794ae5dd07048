"""The letters to members: a notice about one ticket, or a digest; each row looked at again as it leaves."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from flask import current_app
from flask_babel import force_locale
from sqlalchemy.orm import joinedload

from app import richtext
from app.extensions import db
from app.mail import ours
from app.mail.letter import Letter, Person
from app.mail.models import OutboundKind, OutboundMessage
from app.mail.posting import mailbox_for
from app.mail.rendering import desk_of, render, writes
from app.mail.transports import Permanent
from app.notifications.links import off_url, page_url
from app.notifications.models import Notification
from app.notifications.wording import sentence
from app.organisations.models import Membership, Organisation
from app.tickets.conversation import Comment
from app.tickets.models import Ticket

WHOLE, EXCERPT = 4_000, 240  # characters of a message in a notice, and in a digest
TICKETS, LINES = 50, 3  # of a digest; it says how many more there are


@dataclass(frozen=True)
class Line:
    """One thing that happened, and the words said with it."""

    words: str
    text: str
    is_note: bool


@dataclass(frozen=True)
class Section:
    """A ticket with what happened on it; `more` counts what is not shown."""

    ticket: Ticket
    url: str
    lines: list[Line]
    more: int


@writes(OutboundKind.NOTICE)
def letter_to_member(message: OutboundMessage, organisation: Organisation) -> Letter:
    """The letter, with only what the member may still see. Raises Permanent where nothing is left."""
    rows = _rows(message)
    member = _member(rows[0].membership_id) if rows else None
    if member is None:
        raise Permanent("the member has left")
    visible = _visible(member, {each.ticket_id for each in rows})
    rows = [each for each in rows if each.ticket_id in visible]
    if not rows:
        raise Permanent("the member may no longer see the ticket")
    with force_locale(member.user.locale):
        if message.purpose.startswith("digest:"):
            return _digest(message, organisation, member, rows)
        return _notice(message, organisation, member, rows)


def _notice(
    message: OutboundMessage, organisation: Organisation, member: Membership, rows: list[Notification]
) -> Letter:
    ticket = rows[0].ticket
    comments = _comments(rows)
    reply_to = _reply_to(ticket, organisation, list(comments.values()))
    section = _section(organisation, rows, comments, WHOLE, len(rows))
    desk = desk_of(ticket, organisation)
    words: dict[str, object] = {"section": section, "ticket": ticket, "desk": desk, "reply_to": reply_to}
    html, text = render("notice", organisation, words)
    root = f"<ticket.{ticket.id}@{current_app.config['MAIL_DOMAIN']}>"  # keeps a ticket's notices together
    return _letter(message, desk, html, text, (root,), reply_to=reply_to)


def _digest(
    message: OutboundMessage, organisation: Organisation, member: Membership, rows: list[Notification]
) -> Letter:
    groups: dict[UUID, list[Notification]] = {}
    for row in rows:
        groups.setdefault(row.ticket_id, []).append(row)
    shown = list(groups.values())[:TICKETS]
    comments = _comments([row for group in shown for row in group[-LINES:]])
    sections = [_section(organisation, group, comments, EXCERPT, LINES) for group in shown]
    off = off_url(message.tenant_id, member.id)
    words: dict[str, object] = {
        "sections": sections,
        "total": len(groups),
        "more": len(groups) - len(sections),
        "inbox_url": page_url(organisation, "/notifications"),
        "settings_url": page_url(organisation, "/notifications/settings"),
        "off_url": off,
        "desk": organisation.name,
    }
    html, text = render("digest", organisation, words)
    # RFC 8058: the mail client posts by itself; opening the address alone changes nothing.
    headers = (("List-Unsubscribe", f"<{off}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return _letter(message, organisation.name, html, text, (), headers=headers)


def _letter(
    message: OutboundMessage,
    sender: str,
    html: str,
    text: str,
    references: tuple[str, ...],
    *,
    reply_to: Person | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Letter:
    # Its own mark: a notice that is forwarded to one of our addresses is dropped there instead of going round.
    mark = (("Precedence", "bulk"), ("X-Loop", str(message.tenant_id)))
    return Letter(
        sender=Person.of(sender, f"no-reply@{current_app.config['MAIL_DOMAIN']}"),
        to=tuple(Person.of(name, address) for name, address in message.to),
        reply_to=reply_to,
        subject=message.subject,
        message_id=message.message_id,
        references=references,
        sent_at=message.created_at,
        auto_submitted="auto-generated",
        extra=mark + headers,
        html=html,
        text=text,
    )


def _reply_to(ticket: Ticket, organisation: Organisation, comments: list[Comment]) -> Person | None:
    """The ticket's signed address, by which the mail of a proven member becomes a public reply.

    Never under a note: an answer meant for the colleague who wrote it would go to the requester.
    """
    if any(each.is_internal for each in comments):
        return None
    mailbox = mailbox_for(ticket)
    if mailbox is None or not ours.is_ours(mailbox.address):
        return None
    return Person.of(desk_of(ticket, organisation), ours.reply_address(mailbox, ticket))


def _section(
    organisation: Organisation,
    rows: list[Notification],
    comments: dict[UUID, Comment],
    length: int,
    shown: int,
) -> Section:
    ticket = rows[0].ticket
    lines = [
        _line(row, comments.get(row.event.comment_id) if row.event.comment_id else None, length)
        for row in rows[-shown:]
    ]
    return Section(ticket, page_url(organisation, f"/tickets/{ticket.number}"), lines, len(rows) - len(lines))


def _line(row: Notification, comment: Comment | None, length: int) -> Line:
    text = ""
    if comment is not None:
        text = richtext.snippet(comment.text, length) if length < WHOLE else _cut(comment.text, length)
    return Line(sentence(row.reason, row.event), text, comment is not None and comment.is_internal)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _rows(message: OutboundMessage) -> list[Notification]:
    return list(
        db.session.scalars(
            sa.select(Notification)
            .where(Notification.outbound_id == message.id)
            .order_by(Notification.id)
            .options(
                joinedload(Notification.event, innerjoin=True),
                joinedload(Notification.ticket, innerjoin=True).options(
                    joinedload(Ticket.requester, innerjoin=True), joinedload(Ticket.queue, innerjoin=True)
                ),
            )
        )
    )


def _member(membership_id: UUID) -> Membership | None:
    member = db.session.scalar(sa.select(Membership).where(Membership.id == membership_id))
    return member if member and member.ended_at is None and member.user.is_active else None


def _visible(member: Membership, ticket_ids: set[UUID]) -> set[UUID]:
    visible = Ticket.visible_to(member.as_actor()).with_only_columns(Ticket.id)
    return set(db.session.scalars(visible.where(Ticket.id.in_(ticket_ids))))


def _comments(rows: list[Notification]) -> dict[UUID, Comment]:
    ids = {each.event.comment_id for each in rows} - {None}
    found = db.session.scalars(sa.select(Comment).where(Comment.id.in_(ids)))
    return {each.id: each for each in found}
