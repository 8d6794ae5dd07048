"""The bell: what a member was told and has not read yet; one line for each fold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app import richtext
from app.extensions import db, now
from app.notifications.models import Notification, Watcher
from app.notifications.wording import sentence
from app.policy import Actor
from app.tickets.conversation import Comment
from app.tickets.models import Ticket

LATEST = 20  # in the bell's menu
MOST_COUNTED = 2_000  # rows looked at for the number on the bell, which ends at 99+
EXCERPT = 140


@dataclass(frozen=True)
class Item:
    """One line of the bell."""

    id: UUID
    words: str
    actor: str
    ticket: Ticket
    tickets: int
    excerpt: str
    is_note: bool
    is_unread: bool
    at: datetime


@dataclass(frozen=True)
class Glance:
    """What every page shows of the bell; and of the ticket it is about, if it is about one."""

    unread: int
    has_news: bool = False  # something was told about the ticket and is not read
    is_watching: bool = False


def glance(member: Actor, number: int | None = None) -> Glance:
    """How many lines of the bell are unread, and how one stands to the ticket of this number; in one query."""
    unread_folds = _of(member, Notification.fold).where(Notification.read_at.is_(None))
    folds = unread_folds.limit(MOST_COUNTED).subquery()
    unread = sa.select(sa.func.count(sa.distinct(folds.c.fold))).scalar_subquery()
    ticket = sa.select(Ticket.id).where(Ticket.tenant_id == member.tenant_id, Ticket.number == number)
    news = sa.exists().where(
        Notification.membership_id == member.membership_id,
        Notification.read_at.is_(None),
        Notification.ticket_id == ticket.scalar_subquery(),
    )
    watching = sa.exists().where(
        Watcher.membership_id == member.membership_id,
        Watcher.stopped_at.is_(None),
        Watcher.ticket_id == ticket.scalar_subquery(),
    )
    columns = (unread, news, watching) if number is not None else (unread,)
    return Glance(*db.session.execute(sa.select(*columns)).one())


def version(member: Actor, unread: int) -> str:
    """A word that changes whenever the bell does."""
    newest = db.session.scalar(_of(member, Notification.id).order_by(Notification.id.desc()).limit(1))
    return f"{unread}-{newest.hex if newest else 0}"


def lines(member: Actor) -> "sa.Select[Notification]":
    """What stands in the member's bell, newest first: the first of each fold, on tickets they may see."""
    return (
        _of(member, Notification)
        .where(Notification.id == Notification.fold)
        .order_by(Notification.id.desc())
        .options(
            joinedload(Notification.event, innerjoin=True), joinedload(Notification.ticket, innerjoin=True)
        )
    )


def count(member: Actor) -> "sa.Select[int]":
    """How many lines there are."""
    return _of(member, sa.func.count()).where(Notification.id == Notification.fold)


def items(rows: Sequence[Notification]) -> list[Item]:
    """The lines as they are shown; two queries, whatever their number."""
    sizes = _sizes(rows)
    texts = _texts(rows)
    return [_item(row, *sizes.get(row.fold, (1, False)), texts.get(row.event.comment_id)) for row in rows]


def own(member: Actor, notification_id: UUID) -> "sa.Select[Notification]":
    """One of the member's notifications."""
    return (
        _of(member, Notification)
        .where(Notification.id == notification_id)
        .options(joinedload(Notification.ticket, innerjoin=True))
    )


def size_of(notification: Notification) -> int:
    """How many tickets its line stands for."""
    return _sizes([notification]).get(notification.fold, (1, False))[0]


def read_line(notification: Notification) -> None:
    """Mark a line read, with all it folds."""
    _mark(Notification.membership_id == notification.membership_id, Notification.fold == notification.fold)


def read_ticket(member: Actor, number: int) -> None:
    """Mark what the member was told about a ticket read."""
    ticket = sa.select(Ticket.id).where(Ticket.tenant_id == member.tenant_id, Ticket.number == number)
    _mark(
        Notification.membership_id == member.membership_id,
        Notification.ticket_id == ticket.scalar_subquery(),
    )


def read_all(member: Actor) -> None:
    """Mark everything read."""
    _mark(Notification.membership_id == member.membership_id)


def _of(member: Actor, what: Any) -> Any:
    visible = Ticket.visible_to(member).with_only_columns(Ticket.id)
    return (
        sa.select(what)
        .select_from(Notification)
        .where(
            Notification.tenant_id == member.tenant_id,
            Notification.membership_id == member.membership_id,
            Notification.is_shown,
            Notification.ticket_id.in_(visible),
        )
    )


def _mark(*which: sa.ColumnElement[bool]) -> None:
    statement = sa.update(Notification).where(Notification.read_at.is_(None), *which).values(read_at=now())
    db.session.execute(statement.execution_options(synchronize_session=False))


def _sizes(rows: Sequence[Notification]) -> dict[UUID, tuple[int, bool]]:
    """For each fold: on how many tickets, and whether anything of it is unread."""
    found = db.session.execute(
        sa.select(
            Notification.fold,
            sa.func.count(sa.distinct(Notification.ticket_id)),
            sa.func.bool_or(Notification.read_at.is_(None)),
        )
        .where(Notification.fold.in_([row.fold for row in rows]))
        .group_by(Notification.fold)
    )
    return {row[0]: (row[1], row[2]) for row in found}


def _texts(rows: Sequence[Notification]) -> dict[UUID | None, tuple[str, bool]]:
    ids = [row.event.comment_id for row in rows if row.event.comment_id]
    found = db.session.execute(
        sa.select(Comment.id, sa.func.left(Comment.text, 4 * EXCERPT), Comment.is_internal).where(
            Comment.id.in_(ids)
        )
    )
    return {row[0]: (row[1], row[2]) for row in found}


def _item(row: Notification, tickets: int, is_unread: bool, said: tuple[str, bool] | None) -> Item:
    text, is_note = said or ("", False)
    return Item(
        id=row.id,
        words=sentence(row.reason, row.event, tickets),
        actor=row.event.actor_name,
        ticket=row.ticket,
        tickets=tickets,
        excerpt=richtext.snippet(text, EXCERPT) if tickets == 1 else "",
        is_note=is_note,
        is_unread=is_unread,
        at=row.created_at,
    )
