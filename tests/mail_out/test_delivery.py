"""Mailgun's events about mail we sent: verified, once each, and the same end in any order (case 15)."""

import hashlib
import hmac
import itertools
import json
import random
import time

import pytest
import sqlalchemy as sa

from app.events import Event, EventKind
from app.extensions import db
from app.mail.delivery import record
from app.mail.models import OutboundMessage, OutboundState
from app.tenancy import acting_for
from app.tickets.settings import Contact
from tests.mail_out.desk import BOB, answer, arrive, outbound, work

KEY = "test-signing-key-7Fq2Lx9Vt4Wm"
tokens = itertools.count()


@pytest.fixture
def sent(acme, smtp):
    """A reply that has been sent."""
    answer(acme, arrive(acme))
    work(acme)
    return outbound()[0]


def event(sent: OutboundMessage, kind: str = "delivered", at: float = 1000.0, **more) -> dict:
    headers = {"message-id": sent.message_id.strip("<>")}
    made = {"event": kind, "id": f"{kind}-{at}-{more}", "timestamp": time.time() + at, "recipient": BOB}
    return (
        made | {"message": {"headers": headers}, "delivery-status": {"code": 550, "message": "gone"}} | more
    )


def post(client, body: object, *, key: str = KEY, token: str | None = None):
    token = token or f"token-{next(tokens)}"
    stamp = str(int(time.time()))
    signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    whole = {"signature": {"timestamp": stamp, "token": token, "signature": signature}, "event-data": body}
    return client.post("/webhooks/mailgun-events", data=json.dumps(whole), content_type="application/json")


def state() -> tuple:
    db.session.rollback()
    (row,) = outbound()
    return row.state, row.reason, row.settled_at


def heard(kind: EventKind) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Event).where(Event.kind == kind))


def test_a_delivery_is_shown_on_the_message(sent, client):
    assert post(client, event(sent)).get_data(as_text=True) == "stored"
    assert state()[0] is OutboundState.DELIVERED


def test_a_permanent_failure_is_said_on_the_ticket_and_marks_the_contact(sent, client):
    post(client, event(sent, "failed", severity="permanent"))
    assert state()[:2] == (OutboundState.FAILED, "550 gone")
    assert heard(EventKind.EMAIL_BOUNCED) == 1
    assert db.session.scalar(sa.select(Contact.undeliverable_at).where(Contact.email == BOB))


def test_a_failure_of_somebody_we_did_not_write_to_marks_nobody(sent, client, acme):
    arrive(acme, sender="eve@customer.example")
    post(client, event(sent, "failed", severity="permanent", recipient="eve@customer.example"))
    db.session.rollback()
    assert db.session.scalars(sa.select(Contact.undeliverable_at).distinct()).all() == [None]


def test_a_temporary_failure_is_a_reason_but_no_end(sent, client):
    post(client, event(sent, "failed", severity="temporary"))
    assert state()[:2] == (OutboundState.SENT, "550 gone")
    post(client, event(sent, "delivered", 2000))
    assert state()[:2] == (OutboundState.DELIVERED, "")


def test_a_complaint_is_the_last_word(sent, client):
    post(client, event(sent, "complained", 1000))
    post(client, event(sent, "delivered", 2000))
    assert state()[0] is OutboundState.COMPLAINED
    assert heard(EventKind.EMAIL_FAILED) == 1


def test_an_event_counts_once_however_often_it_comes(sent, client):
    failed = event(sent, "failed", severity="permanent")
    answers = [post(client, failed).get_data(as_text=True) for _ in range(3)]
    assert answers == ["stored", *["of no use, or taken before"] * 2]
    assert heard(EventKind.EMAIL_BOUNCED) == 1


def test_a_signed_token_vouches_for_one_body_only(sent, client):
    post(client, event(sent, "delivered"), token="captured")
    post(client, event(sent, "complained"), token="captured")
    assert state()[0] is OutboundState.DELIVERED


def test_any_order_and_any_number_of_repeats_ends_the_same(sent):
    events = [event(sent, "failed", at, severity="temporary") for at in (1, 2, 3)]
    events += [event(sent, "delivered", at) for at in (4, 5)]
    events += [event(sent, "failed", at, severity="permanent", reason=str(at)) for at in (6, 7)]
    before = db.session.execute(sa.select(OutboundMessage).where(OutboundMessage.id == sent.id)).scalar_one()
    start = (before.state, before.reason, before.settled_at, before.sent_at)
    ends, shuffle = set(), random.Random(7)
    for _ in range(100):
        order = events * 3
        shuffle.shuffle(order)
        with db.session.begin_nested() as attempt:
            for each in order:
                record(each)
            row = db.session.get_one(OutboundMessage, (sent.tenant_id, sent.id), populate_existing=True)
            ends.add((row.state, row.reason, row.settled_at, row.sent_at, heard(EventKind.EMAIL_BOUNCED)))
            db.session.flush()
            attempt.rollback()
        db.session.expire_all()
    assert len(ends) == 1
    assert start != next(iter(ends))[:4]


def test_a_report_that_overtakes_our_own_note_is_not_undone(app, acme, smtp, monkeypatch):
    ticket, take = arrive(acme), smtp._take
    work(acme)

    def take_and_report(envelope):
        take(envelope)
        with app.app_context(), acting_for(acme.id):
            db.session.execute(sa.update(OutboundMessage).values(state=OutboundState.DELIVERED))
            db.session.commit()

    monkeypatch.setattr(smtp, "_take", take_and_report)
    answer(acme, ticket)
    work(acme)
    assert outbound()[0].state is OutboundState.DELIVERED


@pytest.mark.parametrize("key", ["", "other-key-000000000000000000"])
def test_an_event_that_mailgun_did_not_sign_is_refused(sent, client, key):
    assert post(client, event(sent), key=key).status_code == 406
    assert state()[0] is OutboundState.SENT


ODD = [
    "",
    "x",
    "[]",
    "null",
    "{}",
    '{"signature": 1}',
    "[" * 100_000,
    '{"signature": {"token": {}}}',
    "\x00",
    "\xff",
]


@pytest.mark.parametrize("body", ODD)
def test_an_odd_body_is_refused_and_breaks_nothing(client, body):
    assert client.post("/webhooks/mailgun-events", data=body).status_code == 406


BROKEN = [None, [], "x", {}, {"event": "delivered"}, {"event": "opened", "id": "1"}, {"event": {}, "id": []}]


@pytest.mark.parametrize("data", BROKEN)
def test_a_signed_event_of_no_use_is_taken_so_that_it_does_not_return(client, data):
    assert post(client, data).status_code == 200


@pytest.mark.parametrize(
    "more", [{"timestamp": "x"}, {"timestamp": 1e300}, {"id": "a\x00b"}, {"recipient": 7}]
)
def test_a_signed_event_with_odd_values_is_taken(sent, client, more):
    assert post(client, event(sent) | more).status_code == 200


def test_a_message_id_that_is_not_ours_changes_nothing(sent, client):
    post(client, event(sent) | {"message": {"headers": {"message-id": "1@customer.example"}}})
    assert state()[0] is OutboundState.SENT
