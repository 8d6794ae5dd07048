"""A page of results with where each ticket matched, in a number of queries that does not depend on its length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from app.extensions import db
from app.policy import Actor
from app.tickets.conversation import Comment
from app.tickets.listing import ANY, View, ordered, tickets_in
from app.tickets.models import Ticket
from app.tickets.search import CONFIGURATION, find, matching, sought_in
from app.tickets.search_snippets import Piece, has_hit, pieces, snippet, words_in
from app.tickets.search_words import Sought

PER_PAGE = 25
MOST_PAGES = 40  # beyond, narrowing helps more than paging
MESSAGES = 12  # the newest ones of a ticket that are looked at for a snippet
LONGEST = 6_000  # characters of each


@dataclass(frozen=True)
class Said:
    """The message that matched."""

    comment_id: UUID
    author: str
    is_internal: bool
    at: datetime
    pieces: list[Piece]


@dataclass(frozen=True)
class Result:
    """A ticket that matched, and where."""

    ticket: Ticket
    subject: list[Piece]
    requester: list[Piece]
    said: Said | None


@dataclass(frozen=True)
class Results:
    """A page of results. `is_empty` means that there was nothing to look for in what was typed."""

    rows: Sequence[Result]
    number: int = 1
    has_more: bool = False
    is_cut: bool = False  # there are more, but no more pages
    is_empty: bool = False

    @property
    def first(self) -> int:
        return (self.number - 1) * PER_PAGE + 1

    @property
    def total(self) -> int | None:
        """How many there are, where that is known without counting them all."""
        return None if self.has_more or self.is_cut else self.first + len(self.rows) - 1


def results(view: View, member: Actor, number: int = 1, per_page: int = PER_PAGE) -> Results:
    """The page of what the view's words match among the tickets that the member may see."""
    sought = sought_in(view.q)
    if sought is None:
        return Results([], is_empty=True)
    number = min(max(number, 1), MOST_PAGES)
    ids, has_more = _ids(view, member, sought, number, per_page)
    tickets = _loaded(ids, member)
    has_page = has_more and number < MOST_PAGES
    return Results(placed(tickets, sought), number, has_page, is_cut=has_more and not has_page)


def _ids(view: View, member: Actor, sought: Sought, number: int, per_page: int) -> tuple[list[UUID], bool]:
    select = tickets_in(View(**(vars(view) | {"q": ""})), member)
    offset = (number - 1) * per_page
    if view.sort == View.sort:
        found = find(select, member.tenant_id, sought, per_page, offset)
        return list(found.ids), found.has_more
    narrowed = select.where(Ticket.id.in_(matching(member.tenant_id, sought))).with_only_columns(Ticket.id)
    ids = list(
        db.session.scalars(ordered(narrowed, view.sort, with_rows=False).limit(per_page + 1).offset(offset))
    )
    return ids[:per_page], len(ids) > per_page


def _loaded(ids: Sequence[UUID], member: Actor) -> list[Ticket]:
    if not ids:
        return []
    select = tickets_in(View(status=ANY), member).where(Ticket.id.in_(ids))
    found = {each.id: each for each in db.session.scalars(ordered(select, View.sort)).unique()}
    return [found[each] for each in ids if each in found]


def placed(tickets: Sequence[Ticket], sought: Sought | None = None) -> list[Result]:
    """Where each of the tickets matched; without a query, only the tickets."""
    messages = _messages(tickets) if sought else {}
    texts = [text for each in tickets for text in (each.subject, _who(each))]
    texts += [said.text for each in messages.values() for said in each]
    hits = _hits(words_in(texts, sought.initials), sought) if sought else set()
    return [
        Result(
            each,
            pieces(each.subject, hits),
            pieces(_who(each), hits) if has_hit(_who(each), hits) else [],
            _said(messages.get(each.id, ()), hits),
        )
        for each in tickets
    ]


def _who(ticket: Ticket) -> str:
    who = ticket.requester
    return f"{who.name} {who.email or who.phone or ''}".strip()


def _messages(tickets: Sequence[Ticket]) -> Mapping[UUID, list[sa.Row[tuple[object, ...]]]]:
    if not tickets:
        return {}
    ids = [each.id for each in tickets]
    nth = sa.func.row_number().over(partition_by=Comment.ticket_id, order_by=Comment.created_at.desc())
    inner = (
        sa.select(Comment.tenant_id, Comment.id, nth.label("nth"), Comment.is_first)
        .where(Comment.tenant_id == tickets[0].tenant_id, Comment.ticket_id.in_(ids))
        .subquery()
    )
    rows = db.session.execute(
        sa.select(
            Comment.ticket_id,
            Comment.id,
            Comment.author_name,
            Comment.is_internal,
            Comment.created_at,
            sa.func.left(Comment.text, LONGEST).label("text"),
        )
        .join(inner, sa.and_(inner.c.tenant_id == Comment.tenant_id, inner.c.id == Comment.id))
        .where(sa.or_(inner.c.nth <= MESSAGES, inner.c.is_first))
        .order_by(Comment.created_at.desc())
    )
    found: dict[UUID, list[sa.Row[tuple[object, ...]]]] = {}
    for row in rows:
        found.setdefault(row.ticket_id, []).append(row)
    return found


def _hits(words: set[str], sought: Sought) -> set[str]:
    """Which of the words were looked for: the database alone knows their stems."""
    if not words:
        return set()
    given = sa.func.unnest(sa.cast(sorted(words), ARRAY(sa.Text))).column_valued("word")
    query = sa.cast(sought.any, TSQUERY)
    met = sa.func.to_tsvector(CONFIGURATION, given).bool_op("@@")(query)
    return set(db.session.scalars(sa.select(given).where(met)))


def _said(messages: Sequence[sa.Row[tuple[object, ...]]], hits: set[str]) -> Said | None:
    """The newest message with the most of the words."""
    best, most = None, 0
    for each in messages:
        found = snippet(each.text, hits)
        count = len({piece.words.lower() for piece in found if piece.is_hit})
        if count > most:
            best, most = Said(each.id, each.author_name, each.is_internal, each.created_at, found), count
    return best
