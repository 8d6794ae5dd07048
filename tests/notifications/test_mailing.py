"""Notices by mail: few, in time, to who may read them, and never going round."""

from datetime import UTC, time, timedelta
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
from flask import current_app

from app.events import Event, EventKind
from app.extensions import db, now
from app.jobs import later
from app.mail import delivery
from app.mail.models import OutboundState
from app.notifications import mailing
from app.notifications.models import MailState, Notification
from app.notifications.timing import Digest
from app.notifications.watching import watch
from app.organisations.models import Membership
from app.tickets.models import Ticket
from tests.mail_out.desk import bodies, read
from tests.notifications.scenes import (
    contact_of,
    hidden_queue,
    mailed,
    mails,
    prefer,
    quiet_ticket,
    say,
    ticket_of,
    wait,
    work,
)
from tests.world import House

ADA, MO, ALMA = "Ada Acme", "Mo Acme", "Alma Acme"


def sink() -> list[bytes]:
    """Every mail as it left, oldest first."""
    folder = current_app.config["WORKTRACKR"].path(current_app.config["MAIL_SINK_PATH"])
    return [path.read_bytes() for path in sorted(folder.glob("*.eml"))]


def sent() -> list[EmailMessage]:
    """The notices among them."""
    return [message for message in map(read, sink()) if message["Precedence"] == "bulk"]


def states() -> set[MailState]:
    return set(db.session.scalars(sa.select(Notification.mail)))


def test_a_notice_leaves_after_a_while_and_says_what_happened(acme: House) -> None:
    ticket = quiet_ticket(acme, acme.staff)
    say(ticket, "Smoke everywhere", by=contact_of(acme), public=True)
    work(acme)
    assert mails() == []
    wait(acme)
    (message,) = sent()
    assert message["To"] == "Ada Acme <ada.acme@example.com>"
    assert message["Subject"] == f"[#{ticket.number}] Printer burns"
    text = bodies(message.as_bytes())
    assert "Bob Buyer answered" in text
    assert "Smoke everywhere" in text
    assert f"http://localhost/o/acme/tickets/{ticket.number}" in text


def test_a_notice_says_that_a_machine_wrote_it(acme: House) -> None:
    ticket_of(acme)
    work(acme)
    wait(acme)
    message = sent()[0]
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Loop"] == str(acme.id)
    assert message["List-Unsubscribe"] is None


def test_an_answer_to_a_notice_about_public_words_goes_to_the_ticket(acme: House) -> None:
    ticket = quiet_ticket(acme, acme.staff)
    say(ticket, "Hello?", by=contact_of(acme), public=True)
    work(acme)
    wait(acme)
    assert f"+r{ticket.number}." in sent()[0]["Reply-To"]


def test_a_notice_with_a_note_cannot_be_answered_to_the_requester(acme: House) -> None:
    ticket = quiet_ticket(acme, acme.staff)
    say(ticket, "Hello?", by=contact_of(acme), public=True)
    say(ticket, "@Ada Acme he always says that", by=acme.manager)
    work(acme)
    wait(acme)
    (message,) = sent()
    assert message["Reply-To"] is None
    assert message["From"].addresses[0].addr_spec == "no-reply@mail.example.com"
    assert "internal note" in bodies(message.as_bytes())


def test_what_happens_on_one_ticket_within_two_minutes_is_one_mail(acme: House) -> None:
    ticket = quiet_ticket(acme, acme.staff)
    for words in ("One", "Two", "Three"):
        say(ticket, words, by=contact_of(acme), public=True)
        work(acme)
    wait(acme)
    assert mailed() == {ADA: 1}
    assert all(words in bodies(sent()[0].as_bytes()) for words in ("One", "Two", "Three"))


def test_what_was_read_meanwhile_is_not_mailed(acme: House) -> None:
    say(quiet_ticket(acme, acme.staff), "Hello?", by=contact_of(acme), public=True)
    work(acme)
    db.session.execute(sa.update(Notification).values(read_at=now()))
    db.session.commit()
    wait(acme)
    assert (mails(), states()) == ([], {MailState.SEEN})


def test_what_may_no_longer_be_seen_is_not_mailed(acme: House) -> None:
    ticket = ticket_of(acme)
    work(acme)
    db.session.get_one(Ticket, (acme.id, ticket.id)).queue_id = hidden_queue(acme).id
    db.session.commit()
    wait(acme)
    assert set(mailed()) == {MO, ALMA}


def test_what_may_no_longer_be_seen_when_the_mail_leaves_is_not_sent(acme: House) -> None:
    ticket = quiet_ticket(acme, acme.staff)
    watch(ticket, by=acme.staff.actor)
    say(ticket, "Secret words", by=contact_of(acme), public=True)
    work(acme)
    db.session.execute(sa.update(Notification).values(mail_due_at=now()))
    mailing.mail_what_waits(acme.staff.membership_id)
    ticket = db.session.get_one(Ticket, (acme.id, ticket.id))
    ticket.queue_id, ticket.assignee_id = hidden_queue(acme).id, None
    db.session.commit()
    work(acme)
    assert sent() == []
    assert [(each.state, each.reason) for each in mails()] == [
        (OutboundState.FAILED, "the member may no longer see the ticket")
    ]


def test_who_left_before_the_mail_was_due_gets_none(acme: House) -> None:
    ticket_of(acme)
    work(acme)
    db.session.execute(sa.update(Membership).values(ended_at=now()))
    db.session.commit()
    wait(acme)
    assert (mails(), states()) == ([], {MailState.DROPPED})


def test_a_notice_that_fails_is_no_event_to_tell_of(acme: House) -> None:
    say(quiet_ticket(acme, acme.staff), "Hello?", by=contact_of(acme), public=True)
    work(acme)
    wait(acme)
    report = delivery.Report(
        id="1",
        message_id="",
        state=OutboundState.FAILED,
        at=now(),
        recipient=acme.staff.email,
        reason="550 no",
    )
    delivery.apply(mails()[0], report)
    db.session.commit()
    kinds = set(db.session.scalars(sa.select(Event.kind)))
    assert not kinds & {EventKind.EMAIL_BOUNCED, EventKind.EMAIL_FAILED}


def test_a_member_whose_address_is_one_of_ours_gets_no_mail(acme: House) -> None:
    membership = db.session.get_one(Membership, (acme.id, acme.staff.membership_id))
    membership.user.email = acme.address
    say(quiet_ticket(acme, acme.staff), "Hello?", by=contact_of(acme), public=True)
    work(acme)
    wait(acme)
    assert mails() == []


@pytest.mark.parametrize("hour", [3])
def test_quiet_hours_hold_mail_but_not_the_bell(acme: House, hour: int) -> None:
    local = now().astimezone(UTC)
    start, end = (local - timedelta(hours=1)).time(), (local + timedelta(hours=hour)).time()
    prefer(acme.staff, quiet_from=start.replace(microsecond=0), quiet_until=end.replace(microsecond=0))
    say(quiet_ticket(acme, acme.staff), "Hello?", by=contact_of(acme), public=True)
    work(acme)
    row = db.session.scalars(sa.select(Notification)).one()
    assert row.is_shown
    assert row.mail_due_at is not None
    assert row.mail_due_at - now() > timedelta(hours=1)


def test_a_digest_holds_all_and_says_how_to_stop(acme: House) -> None:
    prefer(acme.staff, digest=Digest.DAILY, digest_at=time(8))
    ticket = quiet_ticket(acme, acme.staff)
    say(ticket, "Hello?", by=contact_of(acme), public=True)
    work(acme)
    wait(acme, minutes=25 * 60)
    (message,) = sent()
    assert message["Subject"] == "Acme: news on one ticket"
    off = str(message["List-Unsubscribe"]).strip("<>")
    assert off.startswith("http://localhost/notices/off/")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert off in bodies(message.as_bytes())


def test_the_unsubscribe_header_is_one_plain_line(acme: House) -> None:
    prefer(acme.staff, digest=Digest.HOURLY)
    say(quiet_ticket(acme, acme.staff), "Hello?", by=contact_of(acme), public=True)
    work(acme)
    wait(acme, minutes=61)
    raw = b"".join(sink())
    assert b"\nList-Unsubscribe: <http://localhost/notices/off/" in raw


def test_mail_switched_off_is_not_written(acme: House) -> None:
    prefer(acme.staff, mail_stopped_at=now())
    say(quiet_ticket(acme, acme.staff), "Hello?", by=contact_of(acme), public=True)
    work(acme)
    assert states() == {MailState.NONE}


def test_mail_may_be_wanted_without_the_bell(acme: House) -> None:
    prefer(acme.staff, choices={"answer": ["mail"]})
    say(quiet_ticket(acme, acme.staff), "Hello?", by=contact_of(acme), public=True)
    work(acme)
    assert [(each.is_shown, each.mail) for each in db.session.scalars(sa.select(Notification))] == [
        (False, MailState.WAITING)
    ]


def test_what_comes_while_the_mail_is_written_gets_a_mail_of_its_own(acme: House) -> None:
    ticket = quiet_ticket(acme, acme.staff)
    say(ticket, "One", by=contact_of(acme), public=True)
    work(acme)
    wait(acme)
    say(ticket, "Two", by=contact_of(acme), public=True)
    work(acme)
    wait(acme)
    assert mailed() == {ADA: 2}


def test_a_job_run_twice_writes_once(acme: House) -> None:
    say(quiet_ticket(acme, acme.staff), "Hello?", by=contact_of(acme), public=True)
    work(acme)
    wait(acme)
    later("notifications.jobs.mail", acme.staff.membership_id or "")
    db.session.commit()
    work(acme)
    assert mailed() == {ADA: 1}


def test_beyond_the_cap_mails_become_one_digest_an_hour(acme: House) -> None:
    tickets = [quiet_ticket(acme, acme.staff) for _ in range(2)]
    for _ in range(20):
        for ticket in tickets:
            say(db.session.get_one(Ticket, (acme.id, ticket.id)), "Hello?", by=contact_of(acme), public=True)
        work(acme)
        wait(acme, minutes=2.5)
    assert mailed()[ADA] <= 14
    wait(acme, minutes=65)
    assert states() == {MailState.WRITTEN}


def test_no_notice_goes_to_a_contact(acme: House) -> None:
    ticket = quiet_ticket(acme, acme.staff)
    say(ticket, "@Ada Acme secret", by=acme.manager)
    work(acme)
    wait(acme)
    members = {person.email for person in acme.people.values()}
    assert {address for each in mails() for _, address in each.to} <= members
    assert not any(each.cc for each in mails())
