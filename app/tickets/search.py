"""Full-text search over subjects, messages and people, fast under row-level security.

Row-level security keeps an index from answering `@@`, so the words live in a table of their own without it. It holds
lexemes only, each behind its organisation's short mark: a query reads no other organisation's part of the index, and
what it finds is joined to `tickets`, which is protected. docs/search.md has the figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import REGCONFIG, TSQUERY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model, db
from app.tickets.models import Ticket
from app.tickets.search_words import Sought, compose, parse

# Stems English; words of other languages are kept whole or cut alike on both sides.
CONFIGURATION = sa.literal_column("'pg_catalog.english'::regconfig", REGCONFIG)
NEWEST = 2_000  # tickets looked through one by one before the index is asked


class TicketSearch(Model):
    """The words of one ticket. No row-level security: see above."""

    __tablename__ = "ticket_search"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["tenant_id", "ticket_id"], ["tickets.tenant_id", "tickets.id"], ondelete="CASCADE"
        ),
        sa.Index("ix_ticket_search_document", "document", postgresql_using="gin"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(TSVECTOR)
    bytes: Mapped[int]


@dataclass(frozen=True)
class Found:
    """The ids on one page of results, in order, and whether there are more behind them."""

    ids: Sequence[UUID]
    has_more: bool


def mark_of(tenant_id: UUID) -> str:
    """What stands before each lexeme of an organisation.

    Two organisations may share a mark: what is found is joined to tickets of one anyway; the mark only keeps the
    others' words out of the way.
    """
    return f"{str(tenant_id)[-6:]}:"


def sought_in(typed: str) -> Sought | None:
    """What somebody typed, ready to be looked for; None when there is nothing in it to look for."""
    terms = parse(typed)
    if not terms:
        return None
    stems = [
        sa.cast(sa.func.phraseto_tsquery(CONFIGURATION, " ".join(term.words)), sa.Text) for term in terms
    ]
    return compose(terms, db.session.execute(sa.select(*stems)).one())


def matching(tenant_id: UUID, sought: Sought | None) -> "sa.Select[UUID]":
    """The ids of an organisation's tickets that match, read from the index.

    Not protected by itself: use it only to narrow `Ticket.visible_to(member)`.
    """
    if sought is None:
        return sa.select(TicketSearch.ticket_id).where(sa.false())
    # Materialised: left to choose, PostgreSQL walks all tickets newest first to find a rare word. The organisation
    # is asked for behind it: before, it would have the whole organisation's part of the primary key read as well.
    matches = (
        sa.select(TicketSearch.tenant_id, TicketSearch.ticket_id)
        .where(_meets(TicketSearch.document, tenant_id, sought))
        .cte("matches", nesting=True)
        .prefix_with("MATERIALIZED")
    )
    return sa.select(matches.c.ticket_id).where(matches.c.tenant_id == tenant_id)


def find(select: "sa.Select[Ticket]", tenant_id: UUID, sought: Sought, limit: int, offset: int = 0) -> Found:
    """The newest tickets of the select that match.

    Common words are among the newest tickets anyway, where reading the index for all of them takes long; only a
    word that is not is looked up.
    """
    enough = offset + limit + 1
    columns: Any = select.with_only_columns(Ticket.id, Ticket.last_message_at)
    newest = _order(columns).limit(NEWEST)
    ids, looked_at = _among(newest, tenant_id, sought, enough)
    if len(ids) < enough and looked_at >= NEWEST:
        narrowed = select.where(Ticket.id.in_(matching(tenant_id, sought)))
        ids = list(db.session.scalars(_order(narrowed.with_only_columns(Ticket.id)).limit(enough)))
    return Found(ids[offset : offset + limit], len(ids) > offset + limit)


def _among(newest: "sa.Select[Any]", tenant_id: UUID, sought: Sought, enough: int) -> tuple[list[UUID], int]:
    """The matching ones of some tickets, and how many those are."""
    seen = newest.cte("newest").prefix_with("MATERIALIZED")
    document = (
        sa.select(TicketSearch.document)
        .where(TicketSearch.tenant_id == tenant_id, TicketSearch.ticket_id == seen.c.id)
        .offset(0)  # a fence: each document is fetched by its key, never through the index of words
        .lateral("words")
    )
    hits = (
        sa.select(seen.c.id)
        .join(document, sa.true())
        .where(_meets(document.c.document, tenant_id, sought))
        .order_by(seen.c.last_message_at.desc(), seen.c.id.desc())
        .limit(enough)
    )
    count = sa.select(sa.func.count()).select_from(seen).scalar_subquery()
    row = db.session.execute(sa.select(sa.func.array(hits.scalar_subquery()), count)).one()
    return list(row[0] or ()), row[1]


def _meets(document: Any, tenant_id: UUID, sought: Sought) -> "sa.ColumnElement[bool]":
    query = sa.cast(sought.marked(mark_of(tenant_id)), TSQUERY)
    return sa.type_coerce(document, TSVECTOR).bool_op("@@")(query)


def _order(select: "sa.Select[Any]") -> "sa.Select[Any]":
    return select.order_by(Ticket.last_message_at.desc(), Ticket.id.desc())
