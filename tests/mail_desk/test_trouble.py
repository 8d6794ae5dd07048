"""Trouble with mail is announced: to admins on every page, to the desk in full, in one query."""

from datetime import timedelta

import sqlalchemy as sa

from app.extensions import db, now
from app.jobs import Job, JobState
from app.mail.models import InboundMessage, InboundState, OutboundKind, OutboundMessage, OutboundState
from app.mail.trouble import trouble_of
from app.tenancy import acting_for
from app.tickets.settings import Mailbox
from tests.mail_desk.looking import queries

WEEK = timedelta(days=7)


def came(house, *ages, state=InboundState.TICKETED):
    with acting_for(house.id):
        mailbox = db.session.scalars(sa.select(Mailbox)).one()
        for age in ages:
            db.session.add(
                InboundMessage(
                    mailbox_id=mailbox.id,
                    recipient=mailbox.address,
                    raw=b"x",
                    size=1,
                    state=state,
                    received_at=now() - age,
                )
            )
        db.session.commit()


def usual(house):
    """Three mails in these very hours of each of the last two weeks."""
    minutes = [timedelta(minutes=each) for each in (5, 10, 15)]
    came(house, *(weeks * WEEK + each for weeks in (1, 2) for each in minutes))


def trouble(app, house):
    with app.test_request_context(), acting_for(house.id):
        return trouble_of(house.id)


def test_silence_where_mail_usually_comes_is_trouble(app, world):
    with app.app_context():
        usual(world.acme)
    assert trouble(app, world.acme).is_quiet


def test_silence_where_little_ever_comes_is_none(app, world):
    assert not trouble(app, world.acme).is_quiet


def test_one_mail_within_the_hours_ends_the_silence(app, world):
    with app.app_context():
        usual(world.acme)
        came(world.acme, timedelta(hours=1))
    assert not trouble(app, world.acme).is_quiet


def test_the_counts_are_the_organisations_own(app, world):
    with app.app_context():
        came(world.acme, timedelta(), timedelta(), state=InboundState.HELD)
        came(world.globex, timedelta(), state=InboundState.HELD)
    assert (trouble(app, world.acme).held, trouble(app, world.globex).held) == (2, 1)


def failed(house, number, **more):
    values = {"state": OutboundState.FAILED, "settled_at": now()} | more
    db.session.add(
        OutboundMessage(
            kind=OutboundKind.REPLY,
            purpose=f"p{number}",
            message_id=f"<{number}@x>",
            to=[],
            subject="x",
            **values,
        )
    )


def test_failures_bounces_and_dead_jobs_of_the_last_day_count(app, world):
    with app.app_context(), acting_for(world.acme.id):
        failed(world.acme, 1)
        failed(world.acme, 2, sent_at=now())
        failed(world.acme, 3, settled_at=now() - timedelta(days=2))
        failed(world.acme, 4, state=OutboundState.COMPLAINED)
        db.session.add(Job(name="events.react", lane="bulk", args=[], state=JobState.DEAD))
        db.session.commit()
    found = trouble(app, world.acme)
    assert (found.failed, found.bounced, found.complained, found.dead) == (1, 1, 1, 1)


def test_it_is_found_in_one_query_in_a_request(app, world):
    with app.test_request_context(), acting_for(world.acme.id):
        db.session.execute(sa.text("SELECT 1"))
        with queries(app) as asked:
            trouble_of(world.acme.id)
            trouble_of(world.acme.id)
    assert len(asked) == 1


def test_admins_hear_of_it_on_every_page_and_staff_do_not(app, world, signed_in):
    with app.app_context(), acting_for(world.acme.id):
        failed(world.acme, 1)
        db.session.commit()
    assert "Mail needs attention" in signed_in(world.acme.admin).get(world.acme.path("/tickets")).text
    assert "Mail needs attention" not in signed_in(world.acme.staff).get(world.acme.path("/tickets")).text
    desk = signed_in(world.acme.manager).get(world.acme.path("/mail")).text
    assert "One mail could not be sent in the last day." in desk
