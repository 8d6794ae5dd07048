"""A ticket's conversation as its page shows it: messages in order of time, the acts between them folded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup
from sqlalchemy.orm import joinedload

from app import richtext
from app.events import Event, EventKind
from app.extensions import db
from app.policy import ActorKind
from app.tickets.conversation import Attachment, Comment
from app.tickets.models import Ticket
from app.tickets.reading import reading_view
from app.tickets.wording import what_happened

SHOWN_AS_MESSAGES = frozenset(
    {
        EventKind.TICKET_CREATED,
        EventKind.COMMENT_PUBLIC_BY_AGENT,
        EventKind.COMMENT_PUBLIC_BY_REQUESTER,
        EventKind.COMMENT_INTERNAL,
    }
)


@dataclass(frozen=True)
class Mailing:
    """What mail knows of a message: where its original can be seen, how its sending went."""

    original_url: str | None = None
    delivery: Mapping[str, str] | None = None  # "state" (sent, delivered, failed) and "words"


NOTHING = Markup()

Mailings = Callable[[Ticket, Sequence[Comment]], Mapping[UUID, Mailing]]
# Mail sits above tickets, so it tells us here what it knows (see on() of events for the same turn).
mailings: list[Mailings] = []


@dataclass(frozen=True)
class Happened:
    """One act in words."""

    words: str
    at: datetime


@dataclass(frozen=True)
class Item:
    """A message, or a run of acts between two messages."""

    at: datetime
    comment: Comment | None = None
    voice: str = ""  # contact, agent, note or system: how the message looks
    author: str = ""
    address: str | None = None
    body: Markup = NOTHING
    quoted: Markup | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    blocked_pictures: int = 0
    mailing: Mailing = Mailing()
    events: list[Happened] = field(default_factory=list)

    @property
    def words(self) -> str:
        """The first act and how many more there are."""
        more = len(self.events) - 1
        return ngettext(
            "%(first)s · %(num)d more change",
            "%(first)s · %(num)d more changes",
            more,
            first=self.events[0].words,
        )


def timeline_of(ticket: Ticket) -> list[Item]:
    """The whole conversation, in a number of queries that does not depend on its length."""
    comments = _comments(ticket)
    known: dict[UUID, Mailing] = {}
    for tell in mailings:
        known |= tell(ticket, comments)
    messages = [_message(each, known.get(each.id, Mailing())) for each in comments]
    acts = [Item(each.created_at, events=[_act(each)]) for each in _events(ticket)]
    return _folded(sorted([*messages, *acts], key=lambda item: item.at))


def _comments(ticket: Ticket) -> Sequence[Comment]:
    select = (
        sa.select(Comment)
        .where(Comment.tenant_id == ticket.tenant_id, Comment.ticket_id == ticket.id)
        .order_by(Comment.created_at, Comment.id)
        .options(joinedload(Comment.attachments), joinedload(Comment.contact), joinedload(Comment.user))
    )
    return db.session.scalars(select).unique().all()


def _events(ticket: Ticket) -> Sequence[Event]:
    return db.session.scalars(
        sa.select(Event)
        .where(
            Event.tenant_id == ticket.tenant_id,
            Event.ticket_id == ticket.id,
            Event.kind.not_in(SHOWN_AS_MESSAGES),
        )
        .order_by(Event.created_at, Event.id)
    ).all()


def _act(event: Event) -> Happened:
    return Happened(what_happened(event), event.created_at)


def _message(comment: Comment, mailing: Mailing) -> Item:
    pictures = {
        file.content_id: _picture(file) for file in comment.attachments if file.content_id and file.is_raster
    }
    html = richtext.rewrite_cids(comment.html, pictures)
    return Item(
        at=comment.created_at,
        comment=comment,
        voice=_voice(comment),
        author=comment.author_name or _("System"),
        address=comment.contact.email if comment.contact else None,
        body=reading_view(html),
        quoted=reading_view(richtext.rewrite_cids(comment.quoted_html, pictures))
        if comment.quoted_html
        else None,
        files=[_file(each) for each in comment.attachments if not _is_in_text(each, html)],
        blocked_pictures=html.count(" data-remote-src=") if mailing.original_url else 0,
        mailing=mailing,
    )


def _voice(comment: Comment) -> str:
    if comment.is_internal:
        return "note"
    return {ActorKind.AGENT: "agent", ActorKind.CONTACT: "contact"}.get(comment.author_kind, "system")


def _is_in_text(file: Attachment, html: str) -> bool:
    return file.is_raster and bool(file.content_id) and _picture(file) in html


def _picture(file: Attachment) -> str:
    return url_for("attachments.picture", attachment_id=file.id)


def _file(file: Attachment) -> dict[str, Any]:
    thumbnail = url_for("attachments.thumbnail", attachment_id=file.id) if file.is_raster else None
    url = url_for("attachments.download", attachment_id=file.id)
    return {"name": file.name, "size": file.size, "url": url, "thumbnail": thumbnail}


def _folded(items: list[Item]) -> list[Item]:
    """Runs of acts become one item each."""
    folded: list[Item] = []
    for item in items:
        if item.comment is None and folded and folded[-1].comment is None:
            folded[-1].events.extend(item.events)
        else:
            folded.append(item)
    return folded
