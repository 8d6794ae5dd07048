"""Which tickets a member sees: by role, by queue, and what is assigned to them."""

import pytest

from app.extensions import db
from app.signup import add_queue
from app.tickets import changing, listing
from app.tickets.models import Ticket
from app.tickets.settings import QueueMember
from tests.tickets.making import member, opened


@pytest.fixture
def ticket(acme):
    return opened(acme)


@pytest.fixture
def private(acme):
    """A ticket in a queue that only the manager works."""
    queue = add_queue("Board", member(acme, acme.admin).organisation)
    queue.members_only = True
    db.session.add(QueueMember(queue_id=queue.id, membership_id=acme.manager.membership_id))
    return opened(acme, queue_id=queue.id)


def sees(person, ticket):
    db.session.flush()
    return db.session.scalar(Ticket.visible_to(person.actor).where(Ticket.id == ticket.id)) is not None


def test_everybody_sees_a_ticket_of_an_open_queue(acme, ticket):
    assert all(sees(person, ticket) for person in acme.people.values())


def test_staff_do_not_see_a_private_queue_but_managers_do(acme, private):
    assert [role.value for role, person in acme.people.items() if sees(person, private)] == [
        "manager",
        "admin",
        "partner_admin",
    ]


def test_staff_see_a_private_queue_that_they_work(acme, private):
    db.session.add(QueueMember(queue_id=private.queue_id, membership_id=acme.staff.membership_id))
    assert sees(acme.staff, private)


def test_staff_see_what_is_assigned_to_them_wherever_it_waits(acme, private):
    changing.assign(private, member(acme, acme.staff), by=acme.manager.actor)
    assert sees(acme.staff, private)


def test_a_private_queue_is_neither_listed_nor_counted_for_staff(acme, ticket, private):
    db.session.flush()
    view = listing.View(status=listing.ANY)
    assert db.session.scalar(listing.count(listing.tickets_in(view, acme.staff.actor))) == 1
    assert listing.folders(acme.staff.actor).open == 1
    assert listing.folders(acme.manager.actor).open == 2


def test_what_is_unassigned_is_not_a_partner_admins_own(acme, ticket):
    db.session.flush()
    mine = listing.tickets_in(listing.View(assignee=listing.ME), acme.partner_admin.actor)
    assert db.session.scalar(listing.count(mine)) == 0
    assert listing.folders(acme.partner_admin.actor).mine == 0
    assert listing.folders(acme.partner_admin.actor).unassigned == 1
