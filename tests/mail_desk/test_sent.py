"""The desk's list of what went out, one mail as its recipient sees it, retries and dead letters."""

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.jobs import Job, JobState, run_due
from app.mail import send
from app.mail.models import OutboundMessage, OutboundState
from app.tenancy import acting_for
from tests.mail.delivering import deliver, mail
from tests.mail_desk.looking import queries


@pytest.fixture
def desk(world, signed_in):
    return signed_in(world.acme.manager)


@pytest.fixture
def sent(app, world):
    """The acknowledgement of a mail."""
    deliver(app, mail(to=world.acme.address, proven=True), world.acme.address)
    return outgoing(app, world.acme)[0]


def outgoing(app, house):
    with app.app_context(), acting_for(house.id):
        return db.session.scalars(sa.select(OutboundMessage.id).order_by(OutboundMessage.id)).all()


def break_it(app, house):
    """The mail failed, and its job is dead."""
    with app.app_context(), acting_for(house.id):
        message = db.session.scalars(sa.select(OutboundMessage)).one()
        message.state, message.sent_at = OutboundState.QUEUED, None
        send.fail(message, "550 no such user")
        db.session.add(
            Job(
                name="mail.send.send",
                lane="mail",
                args=[str(message.id)],
                state=JobState.DEAD,
                last_error="Boom",
            )
        )
        db.session.commit()


def test_every_mail_out_is_listed_with_its_state(world, desk, sent):
    page = desk.get(world.acme.path("/mail/out")).text
    assert "Acknowledgement" in page
    assert "Printer broken" in page
    assert ">Sent</span>" in page


def test_it_is_shown_as_its_recipient_sees_it(world, desk, sent):
    page = desk.get(world.acme.path(f"/mail/out/{sent}"))
    assert "ann@example.org" in page.text
    body = desk.get(world.acme.path(f"/mail/out/{sent}/body"))
    assert "Acme" in body.text
    assert "sandbox" in body.headers["Content-Security-Policy"]


def test_a_failed_mail_is_sent_again_and_its_dead_letter_goes(app, world, desk, sent):
    break_it(app, world.acme)
    assert "550 no such user" in desk.get(world.acme.path("/mail/out?state=failed")).text
    answer = desk.post(world.acme.path("/mail/out/retries"), data={"message": sent}, follow_redirects=True)
    assert "1 is tried again now" in answer.text
    with app.app_context(), acting_for(world.acme.id):
        run_due()
        assert db.session.scalars(sa.select(OutboundMessage.state)).one() is OutboundState.SENT
        assert db.session.scalars(sa.select(Job).where(Job.state == JobState.DEAD)).all() == []


def test_a_mail_that_left_is_not_sent_twice(app, world, desk, sent):
    answer = desk.post(world.acme.path("/mail/out/retries"), data={"message": sent}, follow_redirects=True)
    assert "1 left as it was" in answer.text


@pytest.mark.parametrize(("act", "words"), [("revive", "1 started again"), ("drop", "1 dropped")])
def test_dead_letters_are_started_again_or_dropped(app, world, desk, sent, act, words):
    break_it(app, world.acme)
    page = desk.get(world.acme.path("/mail/dead"))
    assert "Boom" in page.text
    with app.app_context(), acting_for(world.acme.id):
        job = db.session.scalars(sa.select(Job.id).where(Job.state == JobState.DEAD)).one()
    data = {"job": job, "act": act}
    assert words in desk.post(world.acme.path("/mail/dead/acts"), data=data, follow_redirects=True).text
    with app.app_context(), acting_for(world.acme.id):
        left = db.session.scalars(sa.select(Job.state).where(Job.id == job)).all()
    assert left == (["due"] if act == "revive" else [])


def test_another_organisations_dead_letters_are_out_of_reach(app, world, signed_in, sent):
    break_it(app, world.acme)
    with app.app_context(), acting_for(world.acme.id):
        job = db.session.scalars(sa.select(Job.id).where(Job.state == JobState.DEAD)).one()
    browser = signed_in(world.globex.admin)
    browser.post(world.globex.path("/mail/dead/acts"), data={"job": job, "act": "drop"})
    with app.app_context(), acting_for(world.acme.id):
        assert db.session.scalars(sa.select(Job.id).where(Job.state == JobState.DEAD)).one() == job


def test_the_list_costs_the_same_for_one_mail_and_many(app, world, desk, sent):
    with queries(app) as few:
        desk.get(world.acme.path("/mail/out"))
    for number in range(4):
        deliver(app, mail(f"p{number}@example.org", world.acme.address, proven=True), world.acme.address)
    with queries(app) as many:
        desk.get(world.acme.path("/mail/out"))
    assert len(outgoing(app, world.acme)) == 5
    assert len(few) == len(many)
