"""A suspended organisation: its members are told, its mail is kept, and nothing leaves until it is open again."""

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.jobs import Job, run_due
from app.mail import reopening
from app.mail.models import OutboundMessage, OutboundState
from app.organisations import suspending
from app.organisations.models import Organisation, Partner
from app.tenancy import acting_for
from tests.mail.delivering import deliver, mail, messages, tickets


def change(app, verb, kind, key, *more):
    with app.app_context():
        verb(db.session.get_one(kind, key), *more)
        db.session.commit()


@pytest.fixture
def closed(app, world):
    change(app, suspending.suspend, Organisation, world.acme.id, "The invoice of May is unpaid.")
    return world.acme


def reopen(app, house):
    change(app, suspending.reopen, Organisation, house.id)
    with app.app_context():
        run_due()


def test_its_members_are_told_why(closed, signed_in):
    answer = signed_in(closed.staff).get(closed.path("/tickets"), headers={"Accept": "text/html"})
    assert answer.status_code == 403
    assert "Acme is suspended" in answer.text
    assert "The invoice of May is unpaid." in answer.text


def test_to_others_it_is_not_there(world, closed, signed_in):
    assert signed_in(world.globex.admin).get(closed.path("/tickets")).status_code == 404


def test_one_can_still_sign_out_of_it(closed, signed_in):
    assert signed_in(closed.staff).post(closed.path("/sign-out")).location == "/sign-in"


def test_the_neighbours_work_on(world, closed, signed_in):
    assert signed_in(world.globex.staff).get(world.globex.path("/tickets")).status_code == 200


def test_mail_to_it_is_taken_and_held(app, closed):
    deliver(app, mail(to=closed.address), closed.address)
    (message,) = messages(app, closed)
    assert (message.state, message.reason, message.subject) == ("held", "suspended", "Printer broken")


def test_reopening_lets_in_what_was_held_for_it_exactly_once(app, closed):
    deliver(app, mail(to=closed.address), closed.address)
    reopen(app, closed)
    with app.app_context(), acting_for(closed.id):
        reopening.let_in()
        db.session.commit()
        run_due()
    assert [each.state for each in messages(app, closed)] == ["ticketed"]
    assert len(tickets(app, closed)) == 1


def test_reopening_leaves_what_was_held_for_another_reason(app, world):
    two = mail("a@example.org, b@example.org", world.acme.address)
    deliver(app, two, world.acme.address)
    change(app, suspending.suspend, Organisation, world.acme.id, "")
    reopen(app, world.acme)
    assert messages(app, world.acme)[0].reason == "multiple_from"


def test_nothing_leaves_until_it_is_open(app, world):
    deliver(app, mail(to=world.acme.address, proven=True), world.acme.address, run=False)
    with app.app_context():
        run_due()
        with acting_for(world.acme.id):
            message = db.session.scalars(sa.select(OutboundMessage)).one()
            db.session.execute(sa.update(OutboundMessage).values(state=OutboundState.QUEUED))
            db.session.add(Job(name="mail.send.send", lane="mail", args=[str(message.id)]))
            db.session.commit()
    change(app, suspending.suspend, Organisation, world.acme.id, "")
    with app.app_context(), acting_for(world.acme.id):
        run_due()
        assert db.session.scalars(sa.select(OutboundMessage.state)).one() is OutboundState.QUEUED
    reopen(app, world.acme)
    with app.app_context(), acting_for(world.acme.id):
        assert db.session.scalars(sa.select(OutboundMessage.state)).one() is OutboundState.SENT


def test_a_suspended_partner_closes_its_organisations(app, world, signed_in):
    change(app, suspending.suspend_partner, Partner, world.acme.partner_id)
    assert signed_in(world.acme.admin).get(world.acme.path("/tickets")).status_code == 403
    assert signed_in(world.globex.admin).get(world.globex.path("/tickets")).status_code == 200


def test_opening_an_organisation_does_not_open_its_partner(app, world):
    change(app, suspending.suspend_partner, Partner, world.acme.partner_id)
    deliver(app, mail(to=world.acme.address), world.acme.address)
    reopen(app, world.acme)
    assert messages(app, world.acme)[0].reason == "suspended"
    change(app, suspending.reopen_partner, Partner, world.acme.partner_id)
    with app.app_context():
        run_due()
    assert messages(app, world.acme)[0].state == "ticketed"
