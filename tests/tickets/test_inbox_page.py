"""The inbox: the URL is the view, filters are links, nothing is there by accident."""

import re

import pytest

from app.extensions import db
from app.organisations.models import Membership
from app.policy import Role
from app.tickets.changing import assign, move_to_category, prioritise, tag_with
from app.tickets.models import Priority, Ticket
from app.tickets.settings import StatusCategory
from tests.tickets.casework import a_ticket


def subjects(page):
    return re.findall(r'class="row-link"[^>]*>([^<]*)<', page.text)


@pytest.fixture
def tickets(acme):
    """Four tickets that differ in what the inbox can tell apart."""
    by = acme.staff.actor
    staff = db.session.get_one(Membership, (acme.id, acme.staff.membership_id))
    assign(a_ticket(acme, "Mine"), staff, by=by)
    prioritise(a_ticket(acme, "Urgent"), Priority.URGENT, by=by)
    tag_with(a_ticket(acme, "Tagged"), ["vpn"], by=by)
    move_to_category(a_ticket(acme, "Done"), StatusCategory.RESOLVED, by=by)
    db.session.commit()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"Mine", "Urgent", "Tagged"}),
        ("?assignee=me", {"Mine"}),
        ("?assignee=nobody", {"Urgent", "Tagged"}),
        ("?priority=urgent", {"Urgent"}),
        ("?tag=vpn", {"Tagged"}),
        ("?status=resolved", {"Done"}),
        ("?status=any", {"Mine", "Urgent", "Tagged", "Done"}),
        ("?queue=support&assignee=me", {"Mine"}),
    ],
)
def test_the_url_is_the_view(acme, tickets, signed_in, query, shown):
    page = signed_in(acme.staff).get(acme.path(f"/tickets{query}"))
    assert set(subjects(page)) == shown


@pytest.mark.parametrize(
    "query",
    ["?status=nonsense", "?assignee=1", "?queue=none", "?priority=9", "?sort=id;--", "?page=-3", "?page=x"],
)
def test_p2_a_filter_that_makes_no_sense_is_as_if_it_were_not_there(acme, tickets, signed_in, query):
    page = signed_in(acme.staff).get(acme.path(f"/tickets{query}"))
    assert page.status_code == 200
    assert len(subjects(page)) == 3


def test_the_sentence_of_filters_keeps_the_others_when_one_changes(acme, tickets, signed_in):
    page = signed_in(acme.staff).get(acme.path("/tickets?assignee=me&sort=due"))
    assert f'href="{acme.path("/tickets?assignee=me&amp;priority=urgent&amp;sort=due")}"' in page.text


def test_an_empty_inbox_offers_the_address_to_write_to(acme, signed_in):
    page = signed_in(acme.staff).get(acme.path("/tickets"))
    assert acme.address in page.text


def test_the_bar_above_the_list_counts_what_came_since(acme, tickets, signed_in):
    browser, path = signed_in(acme.staff), acme.path("/tickets/arrivals")
    assert "3 new" in browser.get(f"{path}?since=2020-01-01T00:00:00%2B00:00").text
    assert "new" not in browser.get(f"{path}?since=2999-01-01T00:00:00%2B00:00").text
    assert browser.get(f"{path}?since=yesterday").status_code == 400


def test_several_are_resolved_at_once_and_counted(acme, tickets, signed_in):
    browser = signed_in(acme.staff)
    browser.post(acme.path("/tickets/bulk"), data={"number": ["1", "2", "99"], "act": "resolve"})
    assert set(subjects(browser.get(acme.path("/tickets")))) == {"Tagged"}
    db.session.rollback()
    resolved = db.session.query(Ticket).filter(Ticket.resolved_at.is_not(None)).count()
    assert resolved == 3


def test_a_bulk_act_that_does_not_exist_changes_nothing(acme, tickets, signed_in):
    answer = signed_in(acme.staff).post(acme.path("/tickets/bulk"), data={"number": ["1"], "act": "delete"})
    assert answer.status_code == 422


def test_a_partner_admin_cannot_be_made_assignee_by_accident(acme, tickets, signed_in):
    browser = signed_in(acme.people[Role.PARTNER_ADMIN])
    answer = browser.post(acme.path("/tickets/bulk"), data={"number": ["1"], "act": "assign_me"})
    assert answer.status_code == 422
