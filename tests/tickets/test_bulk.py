"""Many tickets at once: by the rules of one, nobody else's, and with a summary of what was and was not done."""

import re
from datetime import timedelta
from html import unescape

import pytest
import sqlalchemy as sa

from app.events import Event, EventKind
from app.extensions import db, now
from app.organisations.models import Membership
from app.policy import Role
from app.tenancy import acting_for
from app.tickets.bulk import MOST
from app.tickets.changing import assign, move_to_category, prioritise, tag_with
from app.tickets.models import Priority, Ticket
from app.tickets.settings import Queue, Status, StatusCategory
from tests.filling import fingerprint
from tests.tickets.casework import a_ticket


@pytest.fixture
def browser(acme, signed_in):
    return signed_in(acme.staff)


@pytest.fixture
def tickets(acme):
    """Three tickets, numbered 1 to 3."""
    return [a_ticket(acme, subject) for subject in ("One", "Two", "Three")]


def change(browser, house, numbers, **fields):
    """Post the bar as a page read a moment ago has it; answers the summary."""
    data = {"number": numbers, "act": "apply", "seen_at": now().isoformat(), **fields}
    page = browser.post(house.path("/tickets/bulk"), data=data, follow_redirects=True)
    assert page.status_code == 200, page.text
    db.session.rollback()
    said = re.search(r'<div class="toast-line.*?<span>(.*?)</span>', page.text, re.DOTALL)
    return unescape(said[1]) if said else ""


def all_tickets():
    db.session.expire_all()
    return db.session.scalars(sa.select(Ticket).order_by(Ticket.number)).all()


def test_every_field_asked_is_changed_on_every_ticket(acme, tickets, browser):
    other = Queue(name="Billing", slug="billing")
    db.session.add(other)
    db.session.commit()
    status = db.session.scalars(sa.select(Status).where(Status.category == StatusCategory.PENDING)).first()
    fields = {"status": status.id, "queue": other.id, "priority": "high", "tag": " VPN "}
    fields["assignee"] = acme.manager.membership_id
    assert change(browser, acme, [1, 2, 3], **fields) == "3 tickets changed"
    for ticket in all_tickets():
        assert (ticket.status_id, ticket.queue_id, ticket.priority) == (status.id, other.id, Priority.HIGH)
        assert ticket.assignee_id == acme.manager.membership_id
        assert [tag.name for tag in ticket.tags] == ["vpn"]


def test_each_change_is_recorded_as_if_made_alone(acme, tickets, browser):
    change(browser, acme, [1, 2], priority="urgent")
    events = db.session.scalars(sa.select(Event).where(Event.kind == EventKind.TICKET_PRIORITY_CHANGED)).all()
    assert [(event.actor_name, event.changes) for event in events] == [
        (acme.staff.name, {"priority": ["medium", "urgent"]})
    ] * 2


def test_an_empty_field_leaves_what_is_there(acme, tickets, browser):
    prioritise(tickets[0], Priority.URGENT, by=acme.staff.actor)
    tag_with(tickets[0], ["keep", "drop"], by=acme.staff.actor)
    db.session.commit()
    change(browser, acme, [1], untag="drop")
    first = all_tickets()[0]
    assert first.priority is Priority.URGENT
    assert [tag.name for tag in first.tags] == ["keep"]


def test_several_can_be_given_to_nobody(acme, tickets, browser):
    assign(
        tickets[0], db.session.get_one(Membership, (acme.id, acme.staff.membership_id)), by=acme.staff.actor
    )
    db.session.commit()
    assert change(browser, acme, [1, 2], assignee="nobody") == "1 ticket changed · 1 was so already"
    assert all_tickets()[0].assignee_id is None


def test_t4_numbers_that_are_not_ones_own_are_reported_and_not_changed(
    app, acme, world, filled, browser, signed_in
):
    with acting_for(world.globex.id):
        before = fingerprint(world.globex)
    a_ticket(acme, "Own")
    own = max(ticket.number for ticket in all_tickets())
    with acting_for(world.globex.id):
        foreign = {each.number for each in all_tickets()} | {999}
    said = change(browser, acme, [own, *sorted(foreign - {own})], priority="low")
    assert said.startswith("1 ticket changed")
    assert "#999 (not found)" in said
    with acting_for(world.globex.id):
        assert fingerprint(world.globex) == before


def test_t4_a_ticket_of_a_queue_closed_to_one_is_as_if_it_were_not_there(acme, tickets, browser):
    closed = Queue(name="Board", slug="board", members_only=True)
    db.session.add(closed)
    db.session.flush()
    tickets[1].queue_id = closed.id
    db.session.commit()
    said = change(browser, acme, [1, 2], priority="low")
    assert said == "1 ticket changed · 1 left: #2 (not found)"
    assert [ticket.priority.word for ticket in all_tickets()] == ["low", "medium", "medium"]


@pytest.mark.parametrize("field", ["status", "queue", "assignee"])
def test_t4_a_foreign_value_is_refused_and_nothing_changes(acme, world, filled, tickets, browser, field):
    foreign = {
        "status": filled[1].status_id,
        "queue": world.globex.queue_id,
        "assignee": world.globex.staff.membership_id,
    }[field]
    before = fingerprint(acme)
    data = {"number": ["1"], "act": "apply", "priority": "low", field: foreign}
    assert browser.post(acme.path("/tickets/bulk"), data=data).status_code == 422
    assert fingerprint(acme) == before


def test_what_a_colleague_decided_meanwhile_stands_and_is_reported(acme, tickets, browser):
    seen = now()
    prioritise(tickets[1], Priority.URGENT, by=acme.manager.actor)
    move_to_category(tickets[2], StatusCategory.CLOSED, by=acme.manager.actor)
    db.session.commit()
    said = change(browser, acme, [1, 2, 3], priority="low", seen_at=seen.isoformat())
    assert said == (
        "1 ticket changed · 2 left: #2 (Mo Acme changed the priority from medium to urgent), "
        "#3 (Mo Acme changed the status from New to Closed)"
    )
    assert [ticket.priority.word for ticket in all_tickets()] == ["low", "urgent", "medium"]


def test_what_one_has_changed_oneself_is_no_conflict(acme, tickets, browser):
    seen = now() - timedelta(minutes=1)
    prioritise(tickets[0], Priority.URGENT, by=acme.staff.actor)
    db.session.commit()
    assert change(browser, acme, [1], priority="low", seen_at=seen.isoformat()) == "1 ticket changed"


def test_more_than_the_most_are_left_and_reported(acme, tickets, browser):
    said = change(browser, acme, [1, *range(1000, 1000 + MOST)], priority="low")
    assert said.startswith("1 ticket changed · 100 left: #1000 (not found)")
    assert said.endswith("95 more")


@pytest.mark.parametrize(
    ("numbers", "fields", "said"),
    [
        ([], {"priority": "low"}, "Choose tickets, and what to change."),
        (["x", "-1", "1e3"], {"priority": "low"}, "Choose tickets, and what to change."),
        ([1], {}, "Choose what to change."),
    ],
)
def test_nothing_chosen_changes_nothing_and_says_what_to_do(acme, tickets, browser, numbers, fields, said):
    before = fingerprint(acme)
    assert change(browser, acme, numbers, **fields) == said
    assert fingerprint(acme) == before


def test_reads_do_not_grow_with_the_tickets(acme, browser, count_reads):
    reads = []
    for many in (2, 20):
        numbers = [a_ticket(acme, f"Matter {each}").number for each in range(many)]
        with count_reads() as asked:
            fields = {"assignee": acme.manager.membership_id, "tag": f"t{many}", "priority": "low"}
            data = {"number": numbers, "act": "apply", "seen_at": now().isoformat(), **fields}
            assert browser.post(acme.path("/tickets/bulk"), data=data).status_code == 303
        reads.append(asked.count)
    assert reads[0] == reads[1]


def test_the_bar_is_offered_to_whoever_can_be_assignee_or_not(acme, tickets, signed_in):
    page = signed_in(acme.people[Role.PARTNER_ADMIN]).get(acme.path("/tickets")).text
    assert "Assign to me" not in page
    assert 'value="resolve"' in page
