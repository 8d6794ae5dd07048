"""Who else is on a ticket: seen by colleagues for as long as they are there, and never a reason to wait."""

import pytest

from app.extensions import db
from app.jobs import bell
from app.tickets import presence
from app.tickets.changing import prioritise
from app.tickets.commenting import Message, reply
from app.tickets.models import Priority
from tests.tickets.casework import a_ticket


@pytest.fixture(autouse=True)
def closed_breaker():
    bell.breaker.__init__()
    yield
    bell.breaker.__init__()


@pytest.fixture
def ticket(acme):
    return a_ticket(acme)


def ask(browser, house, ticket, **query):
    page = browser.get(house.path(f"/tickets/{ticket.number}/presence"), query_string=query)
    assert page.status_code == 200
    return page.text


def test_colleagues_see_each_other_but_not_themselves(acme, ticket, signed_in):
    ada, mo = signed_in(acme.staff), signed_in(acme.manager)
    assert "is looking" not in ask(ada, acme, ticket)
    assert "Ada Acme is looking" in ask(mo, acme, ticket)
    page = ask(ada, acme, ticket)
    assert "Mo Acme is looking" in page
    assert "Ada Acme" not in page


def test_who_writes_is_said_above_the_composer(acme, ticket, signed_in):
    ask(signed_in(acme.staff), acme, ticket, writing=1)
    ask(signed_in(acme.admin), acme, ticket, writing=1)
    assert "Ada Acme and Alma Acme are writing" in ask(signed_in(acme.manager), acme, ticket)


def test_who_has_gone_is_forgotten(acme, ticket, monkeypatch):
    presence.look(ticket, acme.staff.actor)
    assert presence.look(ticket, acme.manager.actor)
    monkeypatch.setattr(presence, "STAYS", 0)
    assert presence.look(ticket, acme.manager.actor) == []


def test_another_ticket_has_its_own_readers(acme, ticket):
    presence.look(ticket, acme.staff.actor)
    assert presence.look(a_ticket(acme, "Another"), acme.manager.actor) == []


def test_without_redis_nobody_is_seen_and_nothing_fails(acme, ticket, signed_in, monkeypatch):
    monkeypatch.setattr(bell, "connection", lambda: bell.connect("redis://127.0.0.1:1/0"))
    browser = signed_in(acme.manager)
    for _ in range(bell.FAILURES):
        assert "is looking" not in ask(browser, acme, ticket)
    assert bell.breaker.is_open


@pytest.mark.parametrize(("said", "words"), [(0, "2 new messages"), (1, "1 new message"), (2, "")])
def test_messages_since_the_page_was_made_are_announced(acme, ticket, signed_in, said, words):
    for text in ("One", "Two"):
        reply(ticket, Message.plain(text), by=acme.manager.actor)
    db.session.commit()
    page = ask(signed_in(acme.staff), acme, ticket, said=said, version=ticket.version)
    assert words in page
    assert ("data-news" in page) is bool(words)


def test_another_change_is_announced_too(acme, ticket, signed_in):
    version = ticket.version
    prioritise(ticket, Priority.URGENT, by=acme.manager.actor)
    db.session.commit()
    assert "This ticket has changed" in ask(signed_in(acme.staff), acme, ticket, said=0, version=version)


def test_asking_is_cheap(acme, ticket, signed_in, count_reads):
    browser = signed_in(acme.staff)
    with count_reads() as asked:
        ask(browser, acme, ticket)
    assert asked.count <= 6
