"""Mail that machines send about our mail: noted where it belongs, never answered, never a ticket of its own."""

import pytest
import sqlalchemy as sa

from app.events import Event
from app.extensions import db
from app.jobs import run_due
from app.mail.models import OutboundMessage
from app.tenancy import acting_for
from app.tickets import changing, commenting
from app.tickets.commenting import Message
from app.tickets.models import Ticket
from app.tickets.settings import Contact, Queue, StatusCategory
from tests.mail import corpus, delivering
from tests.mail.delivering import comments, deliver, last, mail, messages, tickets

ANSWER = "In-Reply-To: <m1@example.org>\n"


@pytest.fixture
def opened(app, world):
    """Acme's ticket 1, opened by Ann and pending."""
    deliver(app, mail(number=1), world.acme.address)
    with app.app_context(), acting_for(world.acme.id):
        ticket = db.session.scalars(sa.select(Ticket)).one()
        changing.move_to_category(ticket, StatusCategory.PENDING, by=world.acme.staff.actor)
        db.session.commit()
    return world.acme


def state(app, house):
    message = last(app, house)
    return message.state.value, message.reason


def events(app, house):
    with app.app_context(), acting_for(house.id):
        return [kind.value for kind in db.session.scalars(sa.select(Event.kind).order_by(Event.id))]


def sent(app, house):
    """The outgoing messages as (id, kind, state)."""
    with app.app_context(), acting_for(house.id):
        rows = db.session.scalars(sa.select(OutboundMessage).order_by(OutboundMessage.id)).all()
        return [(row.message_id, row.kind.value, row.state.value) for row in rows]


def answer(app, house):
    """Have a colleague answer ticket 1; gives the Message-ID of the mail to Ann."""
    with app.app_context(), acting_for(house.id):
        ticket = db.session.scalars(sa.select(Ticket)).one()
        commenting.reply(ticket, Message.plain("We come on Monday."), by=house.staff.actor)
        db.session.commit()
        run_due()
    return next(name for name, kind, _ in reversed(sent(app, house)) if kind == "reply")


def report(original, recipient="ann@example.org", status="5.1.1", action="failed", number=9):
    raw = corpus.raw("dsn-postfix").replace(b"gone@example.net", recipient.encode())
    raw = raw.replace(b"<wt.orig.77@worktrackr.example>", original.encode())
    raw = raw.replace(b"20240503@mx.example.net", b"bounce%d@mx.example.net" % number)
    return raw.replace(b"Status: 5.1.1", f"Status: {status}".encode()).replace(
        b"Action: failed", f"Action: {action}".encode()
    )


@pytest.mark.parametrize(
    "headers", ["Auto-Submitted: auto-replied\n", "X-Autoreply: yes\n", "Precedence: auto_reply\n"]
)
def test_m12_an_automatic_answer_is_a_hidden_note_and_reopens_nothing(app, opened, headers):
    before = len(sent(app, opened))
    deliver(app, mail(body="I am away.", headers=ANSWER + headers), opened.address)
    assert state(app, opened) == ("threaded", "automatic reply")
    assert comments(app, opened)[-1][2:] == (True, "I am away.")
    assert tickets(app, opened)[0][2] == "pending"
    assert len(sent(app, opened)) == before


def test_m12_an_automatic_answer_to_nothing_is_held(app, world):
    deliver(app, mail(subject="Out of office", headers="Auto-Submitted: auto-replied\n"), world.acme.address)
    assert state(app, world.acme) == ("held", "automatic_reply")
    assert sent(app, world.acme) == []


def test_m12_mail_from_our_own_address_is_dropped(app, world):
    deliver(app, mail(world.acme.address), world.acme.address)
    assert state(app, world.acme) == ("dropped", "loop: from our own address")


def test_m12_two_organisations_do_not_answer_each_others_machines(app, world):
    raw = mail(world.globex.address, headers="Auto-Submitted: auto-generated\n")
    deliver(app, raw, world.acme.address)
    assert state(app, world.acme) == ("dropped", "loop: automatic mail of another organisation here")


def test_m12_a_mail_that_travelled_too_far_is_dropped(app, world):
    deliver(app, corpus.raw("loop-hops"), world.acme.address)
    assert state(app, world.acme)[0] == "dropped"
    assert tickets(app, world.acme) == []


@pytest.mark.parametrize("name", ["monitoring-alert", "newsletter", "contact-form"])
def test_m10_a_machines_mail_opens_a_ticket_and_gets_no_answer(app, world, name):
    deliver(app, corpus.raw(name), world.acme.address)
    assert state(app, world.acme) == ("ticketed", "")
    assert sent(app, world.acme) == []


def test_list_mail_is_held_unless_the_queue_takes_it(app, world):
    deliver(app, corpus.raw("google-group"), world.acme.address)
    assert state(app, world.acme) == ("held", "mailing_list")
    with app.app_context(), acting_for(world.acme.id):
        db.session.scalars(sa.select(Queue)).one().accepts_lists = True
        db.session.commit()
    deliver(app, corpus.raw("google-group").replace(b"gg1@", b"gg2@"), world.acme.address)
    assert state(app, world.acme) == ("ticketed", "")


def test_m13_a_bounce_marks_the_mail_and_the_contact_and_opens_no_ticket(app, opened):
    name = answer(app, opened)
    deliver(app, report(name), opened.address, sender="")
    assert state(app, opened) == ("threaded", "bounce")
    assert (name, "reply", "failed") in sent(app, opened)
    assert "email.bounced" in events(app, opened)
    assert len(tickets(app, opened)) == 1
    with app.app_context(), acting_for(opened.id):
        assert db.session.scalars(sa.select(Contact.undeliverable_at)).one()


def test_m13_a_storm_of_bounces_says_it_once(app, opened):
    name = answer(app, opened)
    for number in range(20):
        deliver(app, report(name, number=number), opened.address, sender="", run=False)
    delivering.run(app)
    assert events(app, opened).count("email.bounced") == 1
    assert len(tickets(app, opened)) == 1


def test_m13_a_bounce_of_a_stranger_blocks_nobody(app, opened):
    name = answer(app, opened)
    deliver(app, report(name, recipient="victim@example.net"), opened.address, sender="")
    with app.app_context(), acting_for(opened.id):
        assert db.session.scalars(sa.select(Contact.undeliverable_at)).one() is None


def test_m13_a_bounce_of_no_mail_of_ours_is_dropped(app, world):
    deliver(app, corpus.raw("dsn-postfix"), world.acme.address, sender="")
    assert state(app, world.acme)[0] == "dropped"
    assert tickets(app, world.acme) == []


def test_a_full_mailbox_does_not_make_a_contact_undeliverable(app, opened):
    deliver(app, report(answer(app, opened), status="4.2.2"), opened.address, sender="")
    with app.app_context(), acting_for(opened.id):
        assert db.session.scalars(sa.select(Contact.undeliverable_at)).one() is None


def test_a_delay_changes_nothing(app, opened):
    name = answer(app, opened)
    before = sent(app, opened)
    deliver(app, report(name, status="4.4.1", action="delayed"), opened.address, sender="")
    assert state(app, opened)[0] == "dropped"
    assert sent(app, opened) == before


def test_every_mail_of_the_collection_ends_in_a_named_state(app, world):
    for path in corpus.CLIENTS:
        deliver(app, path.read_bytes(), world.acme.address, run=False)
    delivering.run(app)
    unsettled = [row.message_id for row in messages(app, world.acme) if row.state.value == "received"]
    silent = [
        row for row in messages(app, world.acme) if row.state.value in ("held", "dropped") and not row.reason
    ]
    assert (unsettled, silent) == ([], [])
