"""The dashboard shows each role its work, in the organisation's days, and nothing that is hidden."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from app.dashboard.days import days_until_now
from app.dashboard.health import health_of
from app.dashboard.work import Load, lists_for, loads_of
from app.extensions import db, now
from app.organisations.models import Membership
from app.tenancy import acting_for
from app.tickets.changing import assign, move_to_category
from app.tickets.models import Ticket
from app.tickets.settings import Queue, StatusCategory
from tests.tickets.searchable import a_ticket, answer
from tests.tickets.test_queries import MOST, counted


def given_to(person, ticket, **fields):
    assign(ticket, db.session.get_one(Membership, (person.tenant_id, person.membership_id)), by=person.actor)
    for name, value in fields.items():
        setattr(ticket, name, value)
    return ticket


def a_hidden_ticket(house, subject="Secret"):
    queue = Queue(name="Board", slug="board", members_only=True)
    db.session.add(queue)
    db.session.flush()
    return a_ticket(house, subject, queue=queue)


def test_staff_see_their_own_work_in_the_order_it_waits(acme):
    given_to(acme.staff, a_ticket(acme, "Answered"), waiting_since=None)
    given_to(acme.staff, a_ticket(acme, "Waits"), waiting_since=now() - timedelta(days=2))
    given_to(acme.staff, a_ticket(acme, "Due"), due_at=now() + timedelta(days=1))
    a_ticket(acme, "Nobody's")
    lists = lists_for(acme.staff.actor)
    assert [each.subject for each in lists.mine] == ["Waits", "Due", "Answered"]
    assert [each.subject for each in lists.due] == ["Due"]
    assert [each.subject for each in lists.waiting] == ["Waits", "Due", "Nobody's"]


def test_done_tickets_are_nobodys_work(acme):
    ticket = given_to(acme.staff, a_ticket(acme))
    move_to_category(ticket, StatusCategory.RESOLVED, by=acme.staff.actor)
    assert lists_for(acme.staff.actor).mine == []
    assert loads_of(acme.manager.actor).total == Load()


def test_loads_are_counted_by_person_and_by_queue(acme):
    given_to(acme.staff, a_ticket(acme), due_at=now() - timedelta(days=1))
    answer(given_to(acme.staff, a_ticket(acme)), acme.staff, "Yes")
    a_ticket(acme)
    loads = loads_of(acme.manager.actor)
    assert loads.people == {acme.staff.membership_id: Load(2, 1, 1), None: Load(1, 1, 0)}
    assert loads.queues == {acme.queue_id: Load(3, 2, 1)}


def test_days_are_the_organisations(acme):
    """23:30 in London is the next day in Tokyo."""
    moment = datetime(2026, 1, 14, 23, 30, tzinfo=UTC)
    a_ticket(acme).created_at = moment
    db.session.flush()
    for zone, day in (("Europe/London", 14), ("Asia/Tokyo", 15)):
        days = days_until_now(acme.manager.actor, 14, ZoneInfo(zone), moment + timedelta(hours=1))
        assert [each.day.day for each in days if each.arrived] == [day]
        assert len(days) == 14


def test_resolutions_are_counted_on_their_own_day(acme):
    ticket = a_ticket(acme)
    ticket.created_at = now() - timedelta(days=3)
    move_to_category(ticket, StatusCategory.RESOLVED, by=acme.staff.actor)
    days = days_until_now(acme.manager.actor, 14, ZoneInfo("UTC"))
    assert [(each.arrived, each.resolved) for each in days[-4:]] == [(1, 0), (0, 0), (0, 0), (0, 1)]


def test_t8_another_organisations_work_is_never_counted(app, world):
    with app.app_context(), acting_for(world.globex.id):
        given_to(world.globex.staff, a_ticket(world.globex, "Theirs"), due_at=now())
        db.session.commit()
    with app.app_context(), acting_for(world.acme.id):
        admin = world.acme.admin.actor
        lists = lists_for(admin)
        assert [*lists.mine, *lists.due, *lists.waiting] == []
        assert loads_of(admin).total == Load()
        assert sum(each.arrived for each in days_until_now(admin, 14, ZoneInfo("UTC"))) == 0
        health = health_of(admin)
        assert (health.tickets, health.contacts, health.members) == (0, 0, 3)


def test_t8_a_hidden_queues_work_is_not_the_staffs(acme):
    a_hidden_ticket(acme)
    assert lists_for(acme.staff.actor).waiting == []
    assert [each.subject for each in lists_for(acme.manager.actor).waiting] == ["Secret"]
    assert loads_of(acme.staff.actor).total == Load()


@pytest.mark.parametrize(
    ("who", "team", "health"),
    [("staff", False, False), ("manager", True, False), ("admin", True, True), ("partner_admin", True, True)],
)
def test_each_role_sees_its_part(acme, signed_in, who, team, health):
    a_hidden_ticket(acme)
    db.session.commit()
    page = signed_in(getattr(acme, who)).get(acme.path("/dashboard")).text
    assert ("Arrivals and resolutions" in page) == ("vendor/chart" in page) == team
    assert ("mails held" in page) == (acme.address in page) == health
    assert ("Secret" in page) == (who != "staff")


@pytest.mark.parametrize("days", ["14", "30", "-1", "1e9", "x", "99999999999999999999"])
def test_p4_odd_spans_are_the_first(acme, signed_in, days):
    page = signed_in(acme.manager).get(acme.path(f"/dashboard?days={days}"))
    assert page.text.count('<th scope="row">') >= 14
    assert page.status_code == 200


@pytest.mark.parametrize("who", ["staff", "manager", "admin", "partner_admin"])
def test_the_dashboard_asks_as_often_for_many_tickets_as_for_few(app, acme, signed_in, who):
    browser, counts = signed_in(getattr(acme, who)), []
    for rows in (3, 20):
        for nth in range(rows):
            given_to(acme.staff, a_ticket(acme, who=(f"P{nth}", f"p{nth}@x.example")), due_at=now())
        db.session.commit()
        with counted(app) as asked:
            browser.get(acme.path("/dashboard"))
        counts.append(len(asked))
    # One more than the lists: what is wrong with mail is looked for on every page of an admin's.
    assert counts[0] == counts[1] <= MOST + 1, "\n\n".join(asked)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Ticket)) == 23
