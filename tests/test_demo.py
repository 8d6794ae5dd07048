"""The demo: what it holds, that it loads once, and that it stays out of production."""

import pytest
import sqlalchemy as sa

from app.demo import loading
from app.demo.people import COMPANIES
from app.events import Event
from app.extensions import db, now
from app.jobs import Job
from app.organisations.models import Organisation
from app.tenancy import acting_for
from app.tickets.models import Ticket
from app.tickets.settings import Joining, Queue, StatusCategory

PASSWORD = "for this test alone"


@pytest.fixture(scope="module")
def demo(_application):
    """The application with the demo, loaded once for all tests of this file: none of them changes it."""
    with _application.app_context():
        assert loading.load(PASSWORD) > 35
        db.session.commit()
    yield _application
    with _application.app_context():
        loading.clear()
        assert not loading.is_loaded()


def each_organisation(demo):
    with demo.app_context():
        for organisation in db.session.scalars(sa.select(Organisation)).all():
            with acting_for(organisation.id):
                yield organisation


def test_every_organisation_has_tickets_of_the_past(demo):
    for _ in each_organisation(demo):
        for ticket in db.session.scalars(sa.select(Ticket)):
            assert ticket.created_at <= ticket.last_message_at <= now()
            assert (ticket.resolved_at is not None) == (not ticket.is_open)
            assert ticket.closed_at is None or ticket.created_at < ticket.closed_at <= now()


def test_the_demo_shows_every_status(demo):
    seen = {t.status.category for _ in each_organisation(demo) for t in db.session.scalars(sa.select(Ticket))}
    assert seen == set(StatusCategory)


def test_the_demo_has_overdue_tickets_and_pictures(demo):
    tickets = [t for _ in each_organisation(demo) for t in db.session.scalars(sa.select(Ticket)) if t.status]
    assert any(ticket.due_at and ticket.due_at < now() for ticket in tickets)
    assert any(ticket.attachment_count for ticket in tickets)


def test_no_event_of_the_demo_is_later_than_now(demo):
    for _ in each_organisation(demo):
        assert db.session.scalar(sa.select(sa.func.max(Event.created_at))) <= now()


def test_the_demo_mails_nobody(demo):
    for _ in each_organisation(demo):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0


def test_one_queue_lets_anybody_on_a_public_list_join(demo):
    joining = [
        q.name
        for _ in each_organisation(demo)
        for q in db.session.scalars(sa.select(Queue))
        if q.joining is Joining.ANYONE
    ]
    assert joining == ["Community list"]


def test_loading_twice_changes_nothing(demo):
    with demo.app_context():
        assert loading.load(PASSWORD) == 0


def test_everybody_listed_can_sign_in(demo):
    for login in loading.logins():
        answer = demo.test_client().post("/sign-in", data={"email": login.email, "password": PASSWORD})
        assert answer.status_code == 302, login


def test_the_password_is_made_once_and_private(tmp_path):
    kept = tmp_path / "var" / "demo-password"
    assert loading.password(kept) == loading.password(kept)
    assert kept.stat().st_mode & 0o777 == 0o600


def test_the_demo_names_partners_with_several_organisations():
    partners = [company.partner for company in COMPANIES]
    assert partners.count("brightwater") > 1 < partners.count("meridian")
    assert partners.count(None) == 1
