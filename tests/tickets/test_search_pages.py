"""The results page and the suggestions, as somebody uses them."""

import pytest

from app.extensions import db
from app.tickets.settings import Queue
from tests.tickets.searchable import a_ticket, answer


@pytest.fixture
def desk(acme):
    """A ticket with an answer, and one in a queue that staff do not work."""
    ticket = a_ticket(acme, "Printer <script>", "It jams & smells")
    answer(ticket, acme.staff, "Cleaned the drum.", internal=True)
    hidden = Queue(name="Board", slug="board", members_only=True)
    db.session.add(hidden)
    db.session.flush()
    a_ticket(acme, "Secret printer", "A hidden thing", queue=hidden)
    db.session.commit()
    return acme


def test_results_mark_what_matched_and_nothing_runs(desk, signed_in):
    page = signed_in(desk.staff).get(desk.path("/tickets/search?q=printer+script"))
    assert "<mark>Printer</mark> &lt;<mark>script</mark>&gt;" in page.text


def test_results_name_the_message_that_matched(desk, signed_in):
    page = signed_in(desk.staff).get(desk.path("/tickets/search?q=drum")).text
    assert "Cleaned the <mark>drum</mark>." in page
    assert desk.staff.name in page
    assert "Internal note" in page


@pytest.mark.parametrize("path", ["/tickets/search?q=secret", "/tickets/search/suggestions?q=secret"])
def test_t7_a_hidden_queue_is_not_even_hinted_at(desk, signed_in, path):
    assert "Secret" not in signed_in(desk.staff).get(desk.path(path)).text
    assert "<mark>Secret</mark>" in signed_in(desk.manager).get(desk.path(path)).text


@pytest.mark.parametrize("path", ["/tickets/search", "/tickets/search/suggestions"])
@pytest.mark.parametrize("query", ["q=printer", "q=1", "q=%231", "q=rita", "q=secret", "q=2"])
def test_t7_t8_another_organisation_finds_nothing(desk, world, signed_in, path, query):
    page = signed_in(world.globex.admin).get(world.globex.path(f"{path}?{query}&status=any")).text
    assert "Rita" not in page
    assert "<mark>" not in page


@pytest.mark.parametrize("typed", ["1", "%231", "+1+"])
def test_a_number_leads_to_its_ticket(desk, signed_in, typed):
    answer = signed_in(desk.staff).get(desk.path(f"/tickets/search?q={typed}"))
    assert answer.location.endswith("/tickets/1")


def test_the_number_of_a_hidden_ticket_leads_nowhere(desk, signed_in):
    assert signed_in(desk.staff).get(desk.path("/tickets/search?q=2")).status_code == 200


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "What are you looking for?"),
        ("the", "too little to search for"),
        ("%26%7C%21%28%29%3A*", "too little to search for"),
        ("-printer", "too little to search for"),
        ("zebra", "No tickets match"),
        ("%00%00", "What are you looking for?"),
        ("%F0%9F%94%A5", "too little to search for"),
        ("x" * 5000, "No tickets match"),
        ("%22" * 60, "too little to search for"),
    ],
)
def test_odd_input_gets_a_helpful_page(desk, signed_in, typed, words):
    page = signed_in(desk.staff).get(desk.path(f"/tickets/search?q={typed}"))
    assert (page.status_code, words in page.text) == (200, True)


@pytest.mark.parametrize(
    "query",
    [
        "page=-1",
        "page=1e9",
        "page=999999999999999999999",
        "sort=id;--",
        "status=x",
        "queue=%27",
        "assignee=%00",
    ],
)
def test_p2_p4_odd_filters_are_as_if_they_were_not_there(desk, signed_in, query):
    page = signed_in(desk.staff).get(desk.path(f"/tickets/search?q=printer&{query}"))
    assert page.status_code == 200


def test_filters_stay_with_the_words(desk, signed_in):
    page = signed_in(desk.staff).get(desk.path("/tickets/search?q=printer&status=closed")).text
    assert "fits these filters" in page
    assert (
        "/tickets/search?q=printer&amp;sort" in page or "/tickets/search?status=closed&amp;q=printer" in page
    )


def test_the_inbox_leads_words_to_search(desk, signed_in):
    answer = signed_in(desk.staff).get(desk.path("/tickets?q=printer&status=open"))
    assert answer.location == desk.path("/tickets/search?status=open&q=printer")


def test_suggestions_are_few_and_fixed_in_their_queries(desk, signed_in, count_queries):
    browser = signed_in(desk.manager)
    with count_queries() as few:
        browser.get(desk.path("/tickets/search/suggestions?q=drum"))
    for nth in range(9):
        a_ticket(desk, f"Drum {nth}")
    db.session.commit()
    with count_queries() as many:
        page = browser.get(desk.path("/tickets/search/suggestions?q=drum"))
    assert page.text.count('role="option"') == 7  # six tickets, and all of them
    assert many.count == few.count


@pytest.mark.parametrize("sort", ["recent", "oldest", "number", "due", "priority", "waiting"])
def test_results_come_in_the_order_asked_for(desk, signed_in, sort):
    a_ticket(desk, "Printer again")
    db.session.commit()
    page = signed_in(desk.manager).get(desk.path(f"/tickets/search?q=printer&sort={sort}")).text
    assert page.count("is-result") == 3
