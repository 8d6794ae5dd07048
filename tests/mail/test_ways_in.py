"""The command and the SMTP listener: the same verb, and an answer that can be trusted."""

import io
import smtplib
import socket
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.jobs import run_due
from app.mail import filing, smtp_in
from app.mail.models import InboundMessage
from app.policy import LimitReached
from app.tenancy import acting_for
from app.tickets import attaching
from app.tickets.conversation import Attachment
from tests.mail import corpus, delivering
from tests.mail.delivering import mail, tickets


@pytest.fixture
def smtp(app, world):
    """A listener on a free port, and a client's connection to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    listener = smtp_in.controller(app, "127.0.0.1", port)
    listener.start()
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        yield client
    listener.stop()


def test_smtp_takes_a_mail_once_it_is_stored(app, world, smtp):
    smtp.sendmail("ann@example.org", [world.acme.address], mail())
    assert len(delivering.messages(app, world.acme)) == 1
    assert delivering.last(app, world.acme).envelope_from == "ann@example.org"


def test_smtp_refuses_an_unknown_recipient(app, world, smtp):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        smtp.sendmail("ann@example.org", ["nobody@mail.example.com"], mail())
    assert refused.value.recipients["nobody@mail.example.com"][0] == 550


def test_smtp_asks_for_another_try_when_the_database_is_away(app, world, smtp, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("INSERT", {}, Exception("connection refused"))

    monkeypatch.setattr(smtp_in, "accept", away)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        smtp.sendmail("ann@example.org", [world.acme.address], mail())
    assert refused.value.smtp_code == 451


def test_smtp_keeps_the_bytes_of_the_mail(app, world, smtp):
    raw = corpus.raw("charset-koi8-r")
    smtp.sendmail("ann@example.org", [world.acme.address], raw, ["BODY=8BITMIME"])
    with app.app_context(), acting_for(world.acme.id):
        assert db.session.scalars(sa.select(InboundMessage.raw)).one() == raw


def test_smtp_stores_one_mail_in_each_organisation(app, world, smtp):
    smtp.sendmail("ann@example.org", [house.address for house in world.houses], mail())
    assert [len(delivering.messages(app, house)) for house in world.houses] == [1, 1]


def command(app, monkeypatch, raw, *arguments):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
    with app.app_context():
        return app.test_cli_runner().invoke(args=["mail", "receive", *arguments], input=raw)


def test_the_command_takes_a_mail_for_a_named_recipient(app, world, monkeypatch):
    done = command(app, monkeypatch, mail(), "--recipient", world.acme.address)
    assert done.exit_code == 0, done.output
    delivering.run(app)
    assert len(tickets(app, world.acme)) == 1


def test_the_command_finds_the_recipient_in_the_mail(app, world, monkeypatch):
    done = command(app, monkeypatch, mail(headers=f"Delivered-To: {world.acme.address}\n"))
    assert done.exit_code == 0, done.output
    assert len(delivering.messages(app, world.acme)) == 1


def test_the_command_says_when_a_mail_is_for_nobody(app, world, monkeypatch):
    assert command(app, monkeypatch, mail(to="nobody@mail.example.com")).exit_code == 67


def test_files_are_stored_and_pictures_stay_in_their_place(app, world):
    delivering.deliver(app, corpus.raw("inline-picture"), world.acme.address)
    with app.app_context(), acting_for(world.acme.id):
        files = db.session.scalars(sa.select(Attachment).order_by(Attachment.position)).all()
        assert [(file.name, file.content_id, file.is_inline) for file in files] == [
            ("shot.png", "shot@01", True),
            ("unused.png", "unused@01", False),
        ]
        with attaching.open_file(files[0]) as stored:
            assert stored.read().startswith(b"\x89PNG")


def _work(app, barrier):
    barrier.wait(timeout=30)
    with app.app_context():
        run_due("mail")


@pytest.mark.parametrize(("same", "others"), [("mail", "duplicate"), ("thread", "threaded")])
def test_mails_worked_on_at_once_make_one_ticket(app, world, same, others):
    headers = "References: <root@example.org>\n" if same == "thread" else ""
    for number in range(8):
        raw = mail(number=number if same == "thread" else 1, headers=headers)
        delivering.deliver(app, raw, world.acme.address, run=False)
    barrier = threading.Barrier(4)
    workers = [threading.Thread(target=_work, args=(app, barrier)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    delivering.run(app)
    assert len(tickets(app, world.acme)) == 1
    states = [row.state.value for row in delivering.messages(app, world.acme)]
    assert sorted(states) == sorted([others] * 7 + ["ticketed"])


def test_files_over_the_limit_are_left_out_but_the_words_are_not(app, world, monkeypatch):
    def full(*args, **kwargs):
        raise LimitReached("no room")

    monkeypatch.setattr(filing, "store", full)
    delivering.deliver(app, corpus.raw("inline-picture"), world.acme.address)
    message = delivering.last(app, world.acme)
    assert message.state.value == "ticketed"
    assert "no room" in message.findings["files_left_out"]
