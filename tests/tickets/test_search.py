"""Search finds what it should, shows where, and never what is somebody else's."""

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.tenancy import acting_for
from app.tickets import search
from app.tickets.changing import rename
from app.tickets.listing import ANY, View, count, tickets_in
from app.tickets.search import TicketSearch
from app.tickets.search_cli import rebuild_organisation
from app.tickets.search_index import LARGEST, index_message
from app.tickets.search_results import results
from app.tickets.settings import Queue
from tests.tickets.searchable import a_ticket, answer


def found(person, typed, **filters):
    view = View(q=typed, status=filters.pop("status", ANY), **filters)
    return [row.ticket.subject for row in results(view, person.actor).rows]


@pytest.mark.parametrize(
    "typed",
    [
        "printer",
        "PRINTERS",
        "prin",
        "jam printer",
        '"printer jam"',
        "toner",
        "rita",
        "reeves",
        "rita@client.example",
        "client.example",
        "cafe",
        "Café -laptop",
        "0x80070005",
        '"paper tray"',
        "drum",
        "the printer",
    ],
)
def test_a_ticket_is_found_by_any_of_its_words(acme, typed):
    ticket = a_ticket(acme, "Printer jam", "No toner at the café, error 0x80070005 in the paper tray")
    answer(ticket, acme.staff, "The drum is worn.", internal=True)
    a_ticket(acme, "Laptop", "Lid broken", ("Otto", "otto@other.example"))
    assert found(acme.staff, typed) == ["Printer jam"]


@pytest.mark.parametrize(
    "typed",
    ["printer -jam", '"jam printer"', "inter", "laser", '"tray paper"', "the", "-printer", "", "&|!:*"],
)
def test_a_ticket_is_not_found_by_what_it_does_not_say(acme, typed):
    a_ticket(acme, "Printer jam", "In the paper tray")
    assert found(acme.staff, typed) == []


def test_the_newest_come_first_and_older_ones_on_the_next_page(acme, monkeypatch):
    for nth in range(4):
        a_ticket(acme, f"Printer {nth}")
    view = View(q="printer", status=ANY)
    first, second = (results(view, acme.staff.actor, page, per_page=3) for page in (1, 2))
    assert [row.ticket.subject for row in first.rows] == ["Printer 3", "Printer 2", "Printer 1"]
    assert (first.has_more, [row.ticket.subject for row in second.rows]) == (True, ["Printer 0"])


def test_a_rare_word_is_found_behind_many_newer_tickets(acme, monkeypatch):
    monkeypatch.setattr(search, "NEWEST", 2)
    a_ticket(acme, "Plotter")
    for _ in range(3):
        a_ticket(acme)
    assert found(acme.staff, "plotter") == ["Plotter"]


def test_filters_narrow_what_is_found(acme):
    ticket = a_ticket(acme, "Printer one")
    a_ticket(acme, "Printer two")
    ticket.assignee_id = acme.staff.membership_id
    assert found(acme.staff, "printer", assignee="me") == ["Printer one"]


@pytest.mark.parametrize("newest", [2000, 0])
def test_another_organisations_tickets_are_never_found_nor_counted(world, app, newest, monkeypatch):
    """T8."""
    monkeypatch.setattr(search, "NEWEST", newest)
    with app.app_context(), acting_for(world.globex.id):
        a_ticket(world.globex, "Secret printer")
        db.session.commit()
    with app.app_context(), acting_for(world.acme.id):
        assert found(world.acme.admin, "printer") == []
        select = tickets_in(View(q="printer", status=ANY), world.acme.admin.actor)
        assert db.session.scalar(count(select)) == 0


@pytest.mark.parametrize("newest", [2000, 0])
def test_two_organisations_with_one_mark_stay_apart(world, app, newest, monkeypatch):
    monkeypatch.setattr(search, "NEWEST", newest)
    monkeypatch.setattr(search, "mark_of", lambda tenant_id: "same:")
    monkeypatch.setattr("app.tickets.search_index.mark_of", lambda tenant_id: "same:")
    for house in world.houses:
        with app.app_context(), acting_for(house.id):
            a_ticket(house, f"Printer of {house.name}")
            db.session.commit()
    with app.app_context(), acting_for(world.acme.id):
        assert found(world.acme.admin, "printer") == ["Printer of Acme"]


@pytest.mark.parametrize("newest", [2000, 0])
def test_a_hidden_queues_tickets_are_never_found_nor_counted(acme, newest, monkeypatch):
    """T8."""
    monkeypatch.setattr(search, "NEWEST", newest)
    hidden = Queue(name="Board", slug="board", members_only=True)
    db.session.add(hidden)
    db.session.flush()
    a_ticket(acme, "Secret printer", queue=hidden)
    select = tickets_in(View(q="printer", status=ANY), acme.staff.actor)
    assert (found(acme.staff, "printer"), db.session.scalar(count(select))) == ([], 0)
    assert found(acme.manager, "printer") == ["Secret printer"]


def test_a_new_subject_is_found_and_the_old_one_is_not(acme):
    ticket = a_ticket(acme, "Printer")
    rename(ticket, "Scanner", by=acme.staff.actor)
    assert (found(acme.staff, "scanner noise"), found(acme.staff, "printer")) == (["Scanner"], [])


def test_what_is_rolled_back_is_not_found(acme):
    a_ticket(acme)
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(TicketSearch)) == 0


@pytest.mark.parametrize("missing", [True, False])
def test_rebuilding_makes_every_ticket_searchable(acme, missing):
    ticket = a_ticket(acme, "Printer", "Noise")
    answer(ticket, acme.staff, "Oiled")
    db.session.execute(sa.delete(TicketSearch))
    db.session.commit()
    assert rebuild_organisation(acme.id, missing=missing) == 1
    assert found(acme.staff, '"oiled" printer noise rita') == ["Printer"]


def test_rebuilding_stores_what_the_verbs_stored(acme):
    ticket = a_ticket(acme, "Printer", "Noise")
    answer(ticket, acme.staff, "Oiled")
    stored = sa.select(sa.func.tsvector_to_array(TicketSearch.document), TicketSearch.bytes)
    before = db.session.execute(stored).one()
    db.session.commit()
    rebuild_organisation(acme.id, missing=False)
    assert db.session.execute(stored).one()[0] == before[0]


def test_a_ticket_from_before_search_is_indexed_whole_by_its_next_message(acme):
    ticket = a_ticket(acme, "Printer")
    db.session.execute(sa.delete(TicketSearch))
    answer(ticket, acme.staff, "Oiled")
    assert found(acme.staff, "printer oiled") == ["Printer"]


def test_an_endless_conversation_stops_growing_the_index(acme):
    ticket = a_ticket(acme)
    for nth in range(20):
        index_message(ticket, " ".join(f"{nth}x{each}" for each in range(4000)))
    assert db.session.scalars(sa.select(TicketSearch.bytes)).one() <= LARGEST
    assert (found(acme.staff, "0x12"), found(acme.staff, "19x12")) == (["Printer jam"], [])


def test_a_result_says_where_it_matched(acme):
    ticket = a_ticket(acme, "Printers", "A first message")
    answer(ticket, acme.staff, "Where are the <b>printed</b> pages? & more", internal=True)
    row = results(View(q="printed pages", status=ANY), acme.staff.actor).rows[0]
    assert (row.said.author, row.said.is_internal) == (acme.staff.name, True)
    assert [piece.words for piece in row.said.pieces if piece.is_hit] == ["printed", "pages"]


def test_a_page_of_results_takes_a_fixed_number_of_queries(acme, count_queries):
    for nth in range(12):
        answer(
            a_ticket(acme, f"Printer {nth}", who=(f"R{nth}", f"r{nth}@client.example")), acme.staff, "toner"
        )
    db.session.commit()
    view = View(q="toner", status=ANY)
    with count_queries() as few:
        assert len(results(view, acme.staff.actor, per_page=2).rows) == 2
    db.session.rollback()
    with count_queries() as many:
        assert len(results(view, acme.staff.actor, per_page=10).rows) == 10
    assert many.count == few.count <= 8
