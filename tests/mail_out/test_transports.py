"""Each transport against a real small server on a socket: honest, slow, broken and lying."""

import socket
from pathlib import Path

import pytest

from app.mail.transports import Permanent, Temporary, Uncertain
from app.mail.transports import mailgun as mailgun_module
from app.mail.transports.mailgun import MailgunTransport
from app.mail.transports.sink import SinkTransport
from app.mail.transports.smtp import SmtpTransport
from tests.fakes.mailgun import FakeMailgun
from tests.fakes.smtp import FakeSmtp

RAW = b"Message-ID: <1@desk.example>\r\nSubject: x\r\n\r\n.dot\r\nhello\r\n"
ID = "<1@desk.example>"
TO = ["bob@a.example", "eve@b.example"]


@pytest.fixture
def fake_mailgun():
    with FakeMailgun() as fake:
        yield fake


@pytest.fixture
def fake_smtp():
    with FakeSmtp() as fake:
        yield fake


def via(fake) -> MailgunTransport | SmtpTransport:
    if isinstance(fake, FakeMailgun):
        return MailgunTransport(fake.base, "desk.example", "key-123")
    return SmtpTransport.from_url(fake.url)


def deliver(fake):
    return via(fake).deliver(RAW, "bounce@desk.example", TO)


def test_mailgun_takes_the_mime_for_every_recipient(fake_mailgun):
    assert deliver(fake_mailgun).provider_id == ID
    assert fake_mailgun.taken == [(ID, tuple(TO), RAW)]


@pytest.mark.parametrize(
    ("step", "wait"), [("429:7", 7), ("429", None), ("503:99999", 3600), ("429:soon", None)]
)
def test_mailgun_says_when_to_come_back(fake_mailgun, step, wait):
    fake_mailgun.script = [step]
    with pytest.raises(Temporary) as error:
        deliver(fake_mailgun)
    assert error.value.retry_after == wait


@pytest.mark.parametrize("status", ["400", "413", "422"])
def test_a_mail_that_mailgun_refuses_is_not_tried_again(fake_mailgun, status):
    fake_mailgun.script = [status]
    with pytest.raises(Permanent, match=status):
        deliver(fake_mailgun)


@pytest.mark.parametrize("status", ["401", "402", "403", "404"])
def test_a_fault_of_our_account_costs_nobody_their_mail(fake_mailgun, status):
    fake_mailgun.script = [status]
    with pytest.raises(Temporary, match=status):
        deliver(fake_mailgun)


@pytest.mark.parametrize("step", ["reset_after", "garbage", "500", "502"])
def test_an_answer_that_says_nothing_is_uncertain(fake_mailgun, step):
    fake_mailgun.script = [step]
    with pytest.raises(Uncertain):
        deliver(fake_mailgun)


def test_a_dripping_answer_is_cut_off(fake_mailgun, monkeypatch):
    monkeypatch.setattr(mailgun_module, "TOTAL", 0.3)
    fake_mailgun.script = ["drip"]
    with pytest.raises(Uncertain):
        deliver(fake_mailgun)


def test_a_silent_mailgun_is_uncertain(fake_mailgun, monkeypatch):
    monkeypatch.setattr(mailgun_module, "READ", 0.3)
    fake_mailgun.script = ["hang"]
    with pytest.raises(Uncertain):
        deliver(fake_mailgun)


def test_a_mailgun_out_of_reach_has_certainly_taken_nothing():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(Temporary):
            MailgunTransport(base, "desk.example", "key").deliver(RAW, "", TO)


def test_mailgun_knows_what_it_has_taken(fake_mailgun):
    assert via(fake_mailgun).was_accepted(ID) is False
    deliver(fake_mailgun)
    assert via(fake_mailgun).was_accepted(ID) is True
    fake_mailgun.events_work = False
    with pytest.raises(Temporary, match="events"):
        via(fake_mailgun).was_accepted(ID)


def test_smtp_hands_over_every_byte(fake_smtp):
    assert "queued as 42" in deliver(fake_smtp).provider_id
    assert fake_smtp.taken == [(ID, tuple(TO), RAW)]


def test_one_refused_recipient_does_not_hold_up_the_others(fake_smtp):
    fake_smtp.answers = {TO[0]: "550 no such user"}
    assert deliver(fake_smtp).refused == {TO[0]: "550 no such user"}
    assert fake_smtp.counts == {(ID, TO[1]): 1}


@pytest.mark.parametrize(("answers", "error"), [("55", Permanent), ("45", Temporary)])
def test_when_every_recipient_is_refused_the_mail_is(fake_smtp, answers, error):
    fake_smtp.answers = {TO[0]: "550 no such user", TO[1]: f"{answers}0 no"}
    with pytest.raises(error):
        deliver(fake_smtp)


@pytest.mark.parametrize(
    ("answer", "error"), [("451 try later", Temporary), ("554 spam", Permanent), ("reset", Uncertain)]
)
def test_smtp_tells_not_taken_from_perhaps_taken(fake_smtp, answer, error):
    fake_smtp.data_answers = [answer]
    with pytest.raises(error):
        deliver(fake_smtp)


def test_an_smtp_server_out_of_reach_or_silent_has_taken_nothing():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        transport = SmtpTransport("127.0.0.1", server.getsockname()[1], timeout=0.3)
        with pytest.raises(Temporary):
            transport.deliver(RAW, "", TO)
        server.listen()
        with pytest.raises(Temporary):
            transport.deliver(RAW, "", TO)


def test_an_smtp_address_names_host_port_and_account():
    made = SmtpTransport.from_url("smtps://us%40er:p%3Ass@mx.example")
    assert (made.host, made.port, made.user, made.password, made.is_tls) == (
        "mx.example",
        465,
        "us@er",
        "p:ss",
        True,
    )
    with pytest.raises(ValueError, match="SMTP_URL"):
        SmtpTransport.from_url("http://mx.example")


def test_the_sink_keeps_a_mail_once_however_often_it_is_sent(tmp_path: Path):
    sink = SinkTransport(tmp_path / "mail")
    assert sink.was_accepted(ID) is False
    sink.deliver(RAW, "a@b.example", TO)
    sink.deliver(RAW, "a@b.example", TO)
    assert sink.was_accepted(ID) is True
    assert [sink.read(name) for name, _ in sink.names()] == [
        b"Return-Path: <a@b.example>\r\nX-Envelope-To: bob@a.example, eve@b.example\r\n" + RAW
    ]


def test_the_sink_reads_nothing_but_its_own_mails(tmp_path: Path):
    (tmp_path / "secret.eml").write_bytes(b"x")
    sink = SinkTransport(tmp_path / "mail")
    for name in ("../secret", "secret", "", "a" * 32):
        assert sink.read(name) is None
