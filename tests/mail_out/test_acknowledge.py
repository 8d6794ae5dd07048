"""Acknowledgements: who gets one, what it says, and how many (rules against loops and bombed bystanders, M11, M12)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.mail.models import OutboundMessage
from app.tickets.settings import Queue
from tests.mail_out.desk import BOB, answer, arrive, bodies, outbound, read, work


def acknowledgements(smtp) -> list[bytes]:
    return [raw for _, _, raw in smtp.taken if read(raw)["Auto-Submitted"] == "auto-replied"]


def age(**gone) -> None:
    """Let what was written lie further back."""
    db.session.execute(
        sa.update(OutboundMessage).values(created_at=OutboundMessage.created_at - timedelta(**gone))
    )
    db.session.commit()


def test_a_verified_requester_is_told_what_has_arrived(acme, smtp):
    ticket = arrive(acme, "Printer burns")
    work(acme)
    (raw,) = acknowledgements(smtp)
    mail = read(raw)
    assert str(mail["To"]) == f"Bob Buyer <{BOB}>"
    assert mail["Subject"] == f"Re: Printer burns [#{ticket.number}]"
    assert mail["In-Reply-To"] == f"<{ticket.number}@customer.example>"
    assert "Hello Bob Buyer" in bodies(raw)
    assert "Printer burns" in bodies(raw)


def test_an_acknowledgement_says_to_machines_that_a_machine_wrote_it(acme, smtp):
    arrive(acme)
    work(acme)
    mail = read(acknowledgements(smtp)[0])
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Precedence"] == "auto_reply"
    assert mail["X-Loop"] == str(acme.id)


def test_an_unverified_sender_gets_none_of_their_own_words_back(acme, smtp):
    arrive(acme, "BUY CHEAP http://evil.example", verdict="none")
    work(acme)
    (raw,) = acknowledgements(smtp)
    mail = read(raw)
    assert str(mail["To"]) == BOB
    for words in ("CHEAP", "evil", "Bob Buyer", "Hello Bob", "burns"):
        assert words not in bodies(raw) + str(mail["Subject"]) + str(mail["Thread-Topic"])
    assert mail["In-Reply-To"] is None
    assert mail["References"] is None


MACHINES = ["auto_reply", "notification", "bulk", "list", "bounce", "delay", "complaint", "calendar", "loop"]
UNREAD = ["noreply@x.example", "no-reply@x.example", "mailer-daemon@x.example", "postmaster@x.example"]
UNREAD += ["bounces+1@x.example", "list-owner@x.example", "someone@mail.example.com"]


@pytest.mark.parametrize("kind", MACHINES)
def test_a_machine_gets_no_acknowledgement(acme, smtp, kind):
    arrive(acme, kind=kind)
    work(acme)
    assert outbound("acknowledgement") == []


@pytest.mark.parametrize("sender", UNREAD)
def test_an_address_that_nobody_reads_or_that_is_ours_gets_none(acme, smtp, sender):
    arrive(acme, sender=sender)
    work(acme)
    assert outbound("acknowledgement") == []


@pytest.mark.parametrize(
    "more",
    ["Return-Path: <>\r\n", "X-Auto-Response-Suppress: All\r\n", "X-Auto-Response-Suppress: DR, OOF\r\n"],
)
def test_a_mail_that_wants_no_answer_gets_none(acme, smtp, more):
    arrive(acme, more=more)
    work(acme)
    assert outbound("acknowledgement") == []


@pytest.mark.parametrize("null", ["", "<>"])
def test_a_mail_from_the_null_sender_gets_none(acme, smtp, null):
    arrive(acme, envelope_from=null)
    work(acme)
    assert outbound("acknowledgement") == []


def test_a_mail_that_only_copies_us_gets_none(acme, smtp):
    arrive(acme, to="boss@customer.example", more=f"Cc: {acme.address}\r\n")
    work(acme)
    assert outbound("acknowledgement") == []


def test_a_queue_may_do_without_acknowledgements(acme, smtp):
    db.session.execute(sa.update(Queue).values(acknowledges=False))
    db.session.commit()
    arrive(acme)
    work(acme)
    assert outbound("acknowledgement") == []


def test_a_ticket_that_no_mail_opened_gets_none(acme, smtp):
    ticket = arrive(acme)
    db.session.execute(sa.text("DELETE FROM inbound_messages"))
    db.session.commit()
    answer(acme, ticket)
    work(acme)
    assert outbound("acknowledgement") == []


def test_the_same_subject_is_acknowledged_once_a_day(acme, smtp):
    for _ in range(3):
        arrive(acme, "Same")
        work(acme)
    assert len(acknowledgements(smtp)) == 1
    age(hours=25)
    arrive(acme, "Same")
    work(acme)
    assert len(acknowledgements(smtp)) == 2


def test_an_address_is_acknowledged_ten_times_in_three_hours_at_most(acme, smtp):
    for number in range(15):
        arrive(acme, f"Subject {number}")
    work(acme)
    assert len(acknowledgements(smtp)) == 10
    age(hours=3, minutes=1)
    arrive(acme, "Another")
    work(acme)
    assert len(acknowledgements(smtp)) == 11


def test_an_unverified_address_is_written_to_once_an_hour_at_most(acme, smtp):
    for number in range(5):
        arrive(acme, f"Subject {number}", verdict="fail")
    work(acme)
    assert len(acknowledgements(smtp)) == 1
    age(hours=1, minutes=1)
    arrive(acme, "Another", verdict="fail")
    work(acme)
    assert len(acknowledgements(smtp)) == 2


def test_another_requester_and_another_organisation_have_caps_of_their_own(acme, smtp):
    arrive(acme, "Same", verdict="fail")
    arrive(acme, "Same", "eve@customer.example", verdict="fail")
    work(acme)
    assert len(acknowledgements(smtp)) == 2


def test_nothing_bounces_an_acknowledgement(acme, smtp, monkeypatch):
    senders = []
    monkeypatch.setattr(smtp, "_take", lambda envelope: senders.append(envelope.mail_from))
    arrive(acme)
    work(acme)
    assert senders == ["<>"]


def test_a_hundred_mails_with_a_victims_address_send_it_one(acme, smtp):
    for number in range(100):
        arrive(acme, f"{number}", "victim@third.example", verdict="none")
    work(acme)
    assert [recipients for _, recipients, _ in smtp.taken] == [("victim@third.example",)]
