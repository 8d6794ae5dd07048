"""Keeping the words of tickets searchable: in the transaction of the verb that changes them, or anew from the rows."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR, insert

from app.extensions import db
from app.jobs import Lane, job
from app.tenancy import current_tenant_id
from app.tickets.conversation import Comment
from app.tickets.models import Ticket
from app.tickets.search import CONFIGURATION, TicketSearch, mark_of
from app.tickets.search_words import composed, fold
from app.tickets.settings import Contact

LONGEST_MESSAGE = 20_000  # characters of one message that are indexed
LARGEST = 250_000  # bytes of one ticket that are indexed: PostgreSQL refuses a tsvector beyond 1 MB
BATCH = 500

# One row of words for each ticket: its subject, its requester's name and address, its messages.
Words = tuple[UUID, str, str, str]


def index_ticket(ticket: Ticket) -> None:
    """Make a new ticket's subject and requester searchable; its messages follow one by one."""
    words = (ticket.id, _folded(ticket.subject), _people(ticket.requester), "")
    statement = insert(TicketSearch).from_select(
        ["tenant_id", "ticket_id", "document", "bytes"], _rows([words])
    )
    db.session.execute(statement)


def index_message(ticket: Ticket, text: str) -> None:
    """Add a message's words to its ticket's, until the ticket has enough."""
    new = _rows([(ticket.id, "", "", _folded(text))]).subquery("new")
    grown = (
        sa.update(TicketSearch)
        .where(
            TicketSearch.tenant_id == new.c.tenant_id,
            TicketSearch.ticket_id == new.c.ticket_id,
            TicketSearch.bytes + new.c.bytes <= LARGEST,
        )
        .values(
            document=TicketSearch.document.op("||")(new.c.document), bytes=TicketSearch.bytes + new.c.bytes
        )
        .execution_options(synchronize_session=False)
        .returning(TicketSearch.ticket_id)
    )
    if not db.session.scalars(grown).all() and not _is_indexed(ticket):
        index_anew([ticket.id])


@job(lane=Lane.BULK, timeout=600)
def index_tickets_of(contact_id: UUID | str) -> None:
    """Index a contact's tickets anew, once its name or address has changed."""
    ids = db.session.scalars(
        sa.select(Ticket.id).where(
            Ticket.tenant_id == current_tenant_id(), Ticket.requester_id == UUID(str(contact_id))
        )
    ).all()
    for start in range(0, len(ids), BATCH):
        index_anew(ids[start : start + BATCH])


def index_anew(ids: Sequence[UUID]) -> None:
    """Index tickets from their rows. A message that is being added meanwhile is waited for, so none is missed."""
    db.session.flush()
    tenant_id = current_tenant_id()
    empty = [{"tenant_id": tenant_id, "ticket_id": each, "document": "", "bytes": 0} for each in sorted(ids)]
    if not empty:
        return
    db.session.execute(insert(TicketSearch).values(empty).on_conflict_do_nothing())
    mine = sa.and_(TicketSearch.tenant_id == tenant_id, TicketSearch.ticket_id.in_(ids))
    db.session.execute(
        sa.select(TicketSearch.ticket_id).where(mine).order_by(TicketSearch.ticket_id).with_for_update()
    ).all()
    new = _rows(_words_of(tenant_id, ids)).subquery("new")
    db.session.execute(
        sa.update(TicketSearch)
        .where(TicketSearch.tenant_id == new.c.tenant_id, TicketSearch.ticket_id == new.c.ticket_id)
        .values(document=new.c.document, bytes=new.c.bytes)
        .execution_options(synchronize_session=False)
    )


def unindexed(after: UUID | None = None, *, all_of_them: bool = False) -> Sequence[UUID]:
    """The next batch of the organisation's tickets to index, in the order of their ids."""
    select = sa.select(Ticket.id).where(Ticket.tenant_id == current_tenant_id())
    if after:
        select = select.where(Ticket.id > after)
    if not all_of_them:
        known = sa.select(TicketSearch.ticket_id).where(
            TicketSearch.tenant_id == Ticket.tenant_id, TicketSearch.ticket_id == Ticket.id
        )
        select = select.where(~known.exists())
    return db.session.scalars(select.order_by(Ticket.id).limit(BATCH)).all()


def _is_indexed(ticket: Ticket) -> bool:
    known = sa.select(TicketSearch.ticket_id).where(
        TicketSearch.tenant_id == ticket.tenant_id, TicketSearch.ticket_id == ticket.id
    )
    return db.session.scalar(known) is not None


def _words_of(tenant_id: UUID, ids: Sequence[UUID]) -> Iterable[Words]:
    heads = db.session.execute(
        sa.select(Ticket.id, Ticket.subject, Contact)
        .join(Contact, sa.and_(Contact.tenant_id == Ticket.tenant_id, Contact.id == Ticket.requester_id))
        .where(Ticket.tenant_id == tenant_id, Ticket.id.in_(ids))
    ).all()
    said = db.session.execute(
        sa.select(Comment.ticket_id, sa.func.left(Comment.text, LONGEST_MESSAGE))
        .where(Comment.tenant_id == tenant_id, Comment.ticket_id.in_(ids))
        .order_by(Comment.ticket_id, Comment.created_at, Comment.id)
    )
    texts: dict[UUID, list[str]] = {each: [] for each in ids}
    sizes = dict.fromkeys(ids, 0)
    for ticket_id, text in said:
        folded = _folded(text)
        if sizes[ticket_id] + len(folded.encode()) <= LARGEST:
            sizes[ticket_id] += len(folded.encode())
            texts[ticket_id].append(folded)
    return [(each, _folded(subject), _people(who), " ".join(texts[each])) for each, subject, who in heads]


def _rows(words: Iterable[Words]) -> "sa.Select[tuple[UUID, UUID, str, int]]":
    """Rows of ticket_search with these words, made by the database as it stores them."""
    columns: list[list[object]] = [list(column) for column in zip(*words, strict=True)] or [[], [], [], []]
    ids = sa.cast(columns[0], ARRAY(sa.Uuid))
    arrays = [ids, *(sa.cast(column, ARRAY(sa.Text)) for column in columns[1:])]
    given = (
        sa.func.unnest(*arrays)
        .table_valued(
            sa.column("ticket_id", sa.Uuid()),
            sa.column("subject", sa.Text()),
            sa.column("people", sa.Text()),
            sa.column("said", sa.Text()),
            name="given",
        )
        .render_derived()
    )
    parts = ((given.c.subject, "A"), (given.c.people, "B"), (given.c.said, "C"))
    vectors = [
        sa.func.setweight(sa.func.to_tsvector(CONFIGURATION, text), sa.literal_column(f"'{weight}'"))
        for text, weight in parts
    ]
    plain = vectors[0].op("||")(vectors[1]).op("||")(vectors[2])
    tenant_id = current_tenant_id()
    return sa.select(
        sa.literal(tenant_id, sa.Uuid()).label("tenant_id"),
        given.c.ticket_id,
        sa.func.search_document(mark_of(tenant_id), plain, type_=TSVECTOR).label("document"),
        sum((sa.func.octet_length(text) for text, _ in parts), sa.literal(0)).label("bytes"),
    )


def _people(contact: Contact) -> str:
    return _folded(" ".join(part for part in (contact.name, contact.email, contact.phone) if part))


def _folded(text: str) -> str:
    return fold(composed(text[:LONGEST_MESSAGE]))
