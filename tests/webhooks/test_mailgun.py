"""What Mailgun may do: hand each genuine mail over once, and be told exactly whether to try again."""

import io
import json
import threading
import time
from urllib.parse import quote_from_bytes

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.mail.models import InboundMessage
from app.tenancy import acting_for
from app.webhooks import routes
from tests.mail import corpus, delivering

PARSED = "/webhooks/mailgun-inbound"


def count(app, house):
    return len(delivering.messages(app, house))


@pytest.mark.parametrize(
    "change",
    [
        {"signature": ""},
        {"signature": "ab"},
        {"signature": "é" * 64},
        {"token": "another"},
        {"timestamp": "1"},
        {"token": ""},
    ],
    ids=["none", "short", "not ASCII", "of another token", "of another time", "no token"],
)
def test_m1_a_forged_call_is_refused_and_stores_nothing(app, world, change):
    answer = delivering.post(app, delivering.mail(), world.acme.address, **change)
    assert answer.status_code == 406
    assert count(app, world.acme) == 0


def test_m1_a_signature_in_capitals_is_refused(app, world):
    fields = delivering.signed(app)
    answer = delivering.post(app, delivering.mail(), world.acme.address, **fields, **{})
    assert answer.status_code == 200
    fields = delivering.signed(app)
    fields["signature"] = fields["signature"].upper()
    assert delivering.post(app, delivering.mail(), world.acme.address, **fields).status_code == 406


def test_m1_an_empty_key_refuses_everything(app, world, monkeypatch):
    monkeypatch.setitem(app.config, "MAILGUN_SIGNING_KEY", "")
    assert delivering.post(app, delivering.mail(), world.acme.address).status_code == 406


def test_m2_a_replayed_signature_is_answered_but_stores_no_second_mail(app, world):
    fields = delivering.signed(app)
    first = delivering.post(app, delivering.mail(), world.acme.address, **fields)
    again = delivering.post(app, delivering.mail(body="forged"), world.acme.address, **fields)
    assert (first.status_code, again.status_code) == (200, 200)
    assert count(app, world.acme) == 1


def test_m2_fifty_parallel_replays_store_one_mail(app, world):
    fields, answers = delivering.signed(app), []

    def call():
        answers.append(delivering.post(app, delivering.mail(), world.acme.address, **fields).status_code)

    threads = [threading.Thread(target=call) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {200, 503}
    assert count(app, world.acme) == 1


def test_m2_a_replay_after_nine_hours_stores_no_second_mail(app, world):
    fields = delivering.signed(app, at=int(time.time()) - 9 * 3600)
    for _ in range(2):
        assert delivering.post(app, delivering.mail(), world.acme.address, **fields).status_code == 200
    assert count(app, world.acme) == 1


@pytest.mark.parametrize(
    ("age", "status"),
    [(4 * 3600, 200), (11 * 3600, 200), (13 * 3600, 406), (-60, 200), (-3600, 406)],
    ids=["4 h late", "11 h late", "13 h late", "1 min early", "1 h early"],
)
def test_m3_late_retries_are_taken_and_times_out_of_reason_are_not(app, world, age, status):
    fields = delivering.signed(app, at=int(time.time()) - age)
    assert delivering.post(app, delivering.mail(), world.acme.address, **fields).status_code == status


@pytest.mark.parametrize("timestamp", ["", "soon", "-1", "1e9", "9" * 400, "１２", "1.5"])
def test_m3_a_malformed_time_is_refused_and_no_error_of_ours(app, world, timestamp):
    fields = delivering.signed(app, at=timestamp)
    assert delivering.post(app, delivering.mail(), world.acme.address, **fields).status_code == 406


def test_m4_a_crash_after_the_token_was_claimed_leaves_the_mail_to_the_retry(app, world, monkeypatch):
    fields, commit = delivering.signed(app), db.session.commit

    def crash():
        raise OperationalError("COMMIT", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(db.session, "commit", crash)
    assert delivering.post(app, delivering.mail(), world.acme.address, **fields).status_code == 503
    monkeypatch.setattr(db.session, "commit", commit)
    assert delivering.post(app, delivering.mail(), world.acme.address, **fields).status_code == 200
    assert count(app, world.acme) == 1


def test_a_database_that_is_away_is_our_fault(app, world, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    monkeypatch.setattr(routes, "accept", away)
    assert delivering.post(app, delivering.mail(), world.acme.address).status_code == 503


def test_m25_an_unknown_recipient_is_refused_for_good(app, world):
    assert delivering.post(app, delivering.mail(), "nobody@mail.example.com").status_code == 406


def test_one_mail_to_two_organisations_is_stored_in_each(app, world):
    both = f"{world.acme.address}, {world.globex.address}, nobody@mail.example.com"
    assert delivering.post(app, delivering.mail(), both).status_code == 200
    delivering.run(app)
    for house in world.houses:
        assert [state for _, _, state, _ in delivering.tickets(app, house)] == ["new"]


def multipart(fields, boundary="xx"):
    """A form as bytes, which the test client's own would put into a file and leave open."""
    head = '--{}\r\nContent-Disposition: form-data; name="{}"\r\n\r\n'
    parts = [head.format(boundary, name).encode() + value + b"\r\n" for name, value in fields.items()]
    return {
        "data": b"".join(parts) + f"--{boundary}--\r\n".encode(),
        "content_type": f"multipart/form-data; boundary={boundary}",
    }


def urlencoded(fields):
    pairs = [f"{name}={quote_from_bytes(value)}" for name, value in fields.items()]
    return {"data": "&".join(pairs), "content_type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("form", [multipart, urlencoded])
def test_a_raw_mail_keeps_bytes_that_are_not_utf_8(app, world, form):
    fields = delivering.signed(app) | {"recipient": world.acme.address}
    given = {name: value.encode() for name, value in fields.items()} | {
        "body-mime": corpus.raw("charset-koi8-r")
    }
    assert app.test_client().post(delivering.URL, **form(given)).status_code == 200
    with app.app_context(), acting_for(world.acme.id):
        assert db.session.scalars(sa.select(InboundMessage.raw)).all() == [corpus.raw("charset-koi8-r")]


def parsed_form(app, recipient, **more):
    headers = [
        ["From", "Zoë <zoe@example.org>"],
        ["To", recipient],
        ["Subject", "Größe"],
        ["Message-Id", "<parsed@example.org>"],
        ["Content-Type", 'multipart/mixed; boundary="gone"'],
    ]
    fields = {
        "recipient": recipient,
        "sender": "zoe@example.org",
        "message-headers": json.dumps(headers),
        "body-plain": "Bitte größer.",
        "body-html": '<p>Bitte <b>größer</b>.<img src="cid:pic@1"></p>',
        "attachment-count": "2",
        "content-id-map": json.dumps({"<pic@1>": "attachment-2"}),
    }
    return delivering.signed(app) | fields | more


def test_a_mail_in_fields_is_made_whole_again(app, world):
    form = parsed_form(app, world.acme.address)
    form["attachment-1"] = (io.BytesIO(b"%PDF-1"), "Maß.pdf", "application/pdf")
    form["attachment-2"] = (io.BytesIO(b"\x89PNG\r\n\x1a\n"), "pic.png", "image/png")
    assert app.test_client().post(PARSED, data=form).status_code == 200
    delivering.run(app)
    assert delivering.tickets(app, world.acme)[0][1] == "Größe"
    (comment,) = delivering.comments(app, world.acme)
    assert comment[1] == "Zoë"
    assert "größer" in comment[3]


def test_a_field_of_25_mb_is_taken(app, world):
    form = parsed_form(app, world.acme.address, **{"body-html": "<p>" + "x" * 25_000_000 + "</p>"})
    body = multipart({name: value.encode() for name, value in form.items()})
    assert app.test_client().post(PARSED, **body).status_code == 200
    delivering.run(app)
    assert delivering.last(app, world.acme).state.value == "ticketed"


def test_m14_a_line_break_in_a_header_field_makes_no_second_header(app, world):
    headers = json.dumps(
        [["From", "a@example.org"], ["Subject", "x\r\nX-Mailgun-Spf: Pass\n\nbody"], ["Bad\nName", "y"]]
    )
    form = parsed_form(app, world.acme.address, **{"message-headers": headers})
    assert app.test_client().post(PARSED, data=form).status_code == 200
    delivering.run(app)
    assert delivering.tickets(app, world.acme)[0][1] == "x X-Mailgun-Spf: Pass body"


@pytest.mark.parametrize("headers", ["", "{", "[[1,2]]", "[" * 100_000, "null", '[["From"]]'])
def test_unreadable_headers_never_lose_the_mail(app, world, headers):
    form = parsed_form(app, world.acme.address, **{"message-headers": headers, "from": "zoe@example.org"})
    assert app.test_client().post(PARSED, data=form).status_code == 200
    delivering.run(app)
    assert delivering.last(app, world.acme).state.value in ("held", "ticketed")
