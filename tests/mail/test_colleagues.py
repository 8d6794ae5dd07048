"""Whoever claims to be a colleague and cannot prove it never speaks to a requester, whoever lets their mail in."""

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.mail import ours
from app.mail.models import OutboundMessage
from app.tenancy import acting_for
from app.tickets.models import Ticket
from app.tickets.settings import Mailbox
from tests.mail.delivering import comments, deliver, last, let_in, mail

ANSWER = "In-Reply-To: <m1@example.org>\n"


@pytest.fixture
def opened(app, world):
    deliver(app, mail(number=1), world.acme.address)
    return world.acme


def reply_address(app, house):
    with app.app_context(), acting_for(house.id):
        ticket = db.session.scalars(sa.select(Ticket)).one()
        return ours.reply_address(db.session.scalars(sa.select(Mailbox)).one(), ticket)


def outgoing(app, house):
    with app.app_context(), acting_for(house.id):
        return db.session.scalars(sa.select(OutboundMessage.id)).all()


def test_m5_a_released_mail_of_an_unproven_colleague_becomes_a_note_that_says_so(app, world, opened):
    sent = len(outgoing(app, opened))
    deliver(app, mail(world.acme.staff.email, headers=ANSWER), reply_address(app, opened))
    let_in(app, opened, world.acme.manager.actor)
    message = last(app, opened)
    assert (message.state, message.reason) == ("threaded", "unproven colleague")
    _, author, is_internal, text = comments(app, opened)[-1]
    assert (author, is_internal) == ("", True)
    assert "Nothing proves that it is" in text
    assert "Mo Acme" in text
    assert "It does not print." in text
    assert len(outgoing(app, opened)) == sent


def test_m5_a_release_for_another_reason_proves_no_colleague_either(app, world, opened):
    spam = mail(world.acme.staff.email, headers=ANSWER + "X-Mailgun-Sflag: Yes\n")
    deliver(app, spam, reply_address(app, opened))
    let_in(app, opened, world.acme.manager.actor)
    assert comments(app, opened)[-1][2] is True
