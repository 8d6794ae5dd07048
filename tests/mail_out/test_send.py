"""Never twice and never silently not at all: faults of the far end, and crashes at every step (case 12)."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.events import Event, EventKind
from app.extensions import db, now
from app.jobs import Job, JobState, later, run_due
from app.jobs.claiming import BACKOFF
from app.mail.models import OutboundMessage, OutboundState
from app.mail.posting import post_reply
from app.mail.send import WAITS, send, send_again
from app.organisations.models import Organisation
from app.storage import LocalStorage, StorageUnavailable
from tests.mail_out.desk import File, answer, arrive, copy_to, later_on, outbound, work


@pytest.fixture
def asked(acme, app):
    """A ticket whose acknowledgement is done with, so that only the reply is left to send."""
    ticket = arrive(acme, verdict="none", to="someone@else.example")
    work(acme)
    return ticket


def wait_of(house) -> float:
    """Seconds until the one job that is left is due."""
    (job,) = db.session.scalars(sa.select(Job))
    return (job.run_at - now()).total_seconds()


def failures() -> list[Event]:
    return list(db.session.scalars(sa.select(Event).where(Event.kind == EventKind.EMAIL_FAILED)))


def test_a_reply_is_a_row_before_it_is_a_mail(acme, asked, mailgun):
    mailgun.script = ["500"]
    answer(acme, asked)
    work(acme)
    (row,) = outbound()
    assert (row.state, row.attempts, row.reason) == (
        OutboundState.SENDING,
        1,
        "Mailgun answered 500: step 500",
    )
    later_on(acme)
    work(acme)
    assert [(r.state, r.reason) for r in outbound()] == [(OutboundState.SENT, "")]
    assert list(mailgun.counts.values()) == [1]


def test_the_far_end_says_when_to_come_back_and_is_obeyed(acme, asked, mailgun):
    mailgun.script = ["429:77"]
    answer(acme, asked)
    work(acme)
    assert 74 < wait_of(acme) <= 77
    assert [r.state for r in outbound()] == [OutboundState.QUEUED]


def test_waits_grow_while_the_far_end_is_away_and_no_attempt_is_used_up(acme, asked, mailgun):
    mailgun.script = ["503"] * 7
    answer(acme, asked)
    work(acme)
    waits = []
    for _ in range(6):
        waits.append(wait_of(acme))
        later_on(acme)
        work(acme)
    assert [round(wait) for wait in waits] == pytest.approx([*WAITS, WAITS[-1]], abs=2)
    assert mailgun.posts == 7
    later_on(acme)
    work(acme)
    assert [r.state for r in outbound()] == [OutboundState.SENT]


def test_after_a_day_the_reply_fails_and_the_ticket_says_why(acme, asked, mailgun):
    mailgun.script = ["503"] * 9
    answer(acme, asked)
    for _ in range(6):
        work(acme)
        later_on(acme, minutes=6 * 60)
    assert [r.state for r in outbound()] == [OutboundState.FAILED]
    (event,) = failures()
    assert event.ticket_id == asked.id
    assert event.changes["reason"][1].startswith("gave up after a day: Mailgun answered 503")


def test_a_refused_mail_fails_at_once_with_its_reason(acme, asked, mailgun):
    mailgun.script = ["400"]
    answer(acme, asked)
    work(acme)
    assert [(r.state, r.is_uncertain) for r in outbound()] == [(OutboundState.FAILED, False)]
    assert "400" in failures()[0].changes["reason"][1]
    assert mailgun.posts == 1


@pytest.mark.parametrize("step", ["reset_after", "garbage", "drip", "500_taken"])
def test_a_mail_taken_without_an_answer_is_found_out_and_not_sent_again(
    acme, asked, mailgun, step, monkeypatch
):
    monkeypatch.setattr("app.mail.transports.mailgun.TOTAL", 0.3)
    mailgun.script = [step]
    answer(acme, asked)
    work(acme)
    assert wait_of(acme) > 50
    later_on(acme)
    work(acme)
    assert list(mailgun.counts.values()) == [1]
    assert [(r.state, r.is_uncertain) for r in outbound()] == [(OutboundState.SENT, False)]


def test_a_mail_not_taken_is_sent_again_with_the_same_id(acme, asked, mailgun):
    mailgun.script = ["reset_before"]
    answer(acme, asked)
    work(acme)
    later_on(acme)
    work(acme)
    assert mailgun.posts == 2
    assert dict(mailgun.counts) == {outbound()[0].message_id: 1}


def test_while_the_provider_cannot_be_asked_nothing_is_sent(acme, asked, mailgun):
    mailgun.script, mailgun.events_work = ["reset_after"], False
    answer(acme, asked)
    for _ in range(3):
        work(acme)
        later_on(acme)
    assert mailgun.posts == 1
    mailgun.events_work = True
    work(acme)
    assert [r.state for r in outbound()] == [OutboundState.SENT]
    assert list(mailgun.counts.values()) == [1]


def test_where_nobody_can_tell_it_is_sent_once_more_and_marked(acme, asked, smtp):
    smtp.data_answers = ["reset"]
    answer(acme, asked)
    work(acme)
    later_on(acme)
    work(acme)
    assert list(smtp.counts.values()) == [2]
    assert [(r.state, r.is_uncertain) for r in outbound()] == [(OutboundState.SENT, True)]


def test_a_server_that_never_says_gets_it_twice_at_most(acme, asked, smtp):
    smtp.data_answers = ["reset"] * 5
    answer(acme, asked)
    for _ in range(5):
        work(acme)
        later_on(acme)
    assert list(smtp.counts.values()) == [2]
    assert [(r.state, r.is_uncertain) for r in outbound()] == [(OutboundState.FAILED, True)]


def test_a_job_run_twice_sends_once(acme, asked, mailgun):
    answer(acme, asked)
    work(acme)
    later(send, outbound()[0].id)
    db.session.commit()
    work(acme)
    assert list(mailgun.counts.values()) == [1]


def test_a_reaction_that_runs_twice_writes_one_mail(acme, asked, mailgun):
    comment = answer(acme, asked)
    work(acme)
    post_reply(asked, comment)
    db.session.commit()
    work(acme)
    assert len(outbound()) == 1
    assert list(mailgun.counts.values()) == [1]


def test_an_error_of_ours_ends_in_a_dead_letter_that_can_be_sent_again(acme, asked, mailgun, monkeypatch):
    def broken(message):
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr("app.mail.send.letter_of", broken)
        answer(acme, asked)
        for _ in range(len(BACKOFF) + 1):
            work(acme)
            later_on(acme)
    assert db.session.scalars(sa.select(Job.state)).all() == [JobState.DEAD]
    (row,) = outbound()
    assert (row.state, row.reason) == (OutboundState.FAILED, "every attempt ended in an error of ours")
    send_again(row)
    db.session.commit()
    work(acme)
    assert [r.state for r in outbound()] == [OutboundState.SENT]


def test_a_suspended_organisation_sends_nothing_and_loses_nothing(acme, asked, mailgun):
    answer(acme, asked)
    db.session.get_one(Organisation, acme.id).suspended_at = now()
    db.session.commit()
    work(acme)
    assert mailgun.posts == 0
    db.session.get_one(Organisation, acme.id).suspended_at = None
    db.session.commit()
    later_on(acme)
    work(acme)
    assert [r.state for r in outbound()] == [OutboundState.SENT]


def test_storage_that_is_away_delays_a_mail_and_never_cuts_it(acme, asked, mailgun, monkeypatch):
    def away(self, key):
        raise StorageUnavailable("no disk")

    with monkeypatch.context() as patched:
        patched.setattr(LocalStorage, "open", away)
        answer(acme, asked, a=File("a.txt", "text/plain", b"x"))
        work(acme)
        assert [(r.state, r.reason) for r in outbound()] == [(OutboundState.QUEUED, "no disk")]
    later_on(acme)
    work(acme)
    assert b'filename="a.txt"' in mailgun.taken[0][2]


def test_a_refused_copy_is_said_while_the_others_get_their_mail(acme, asked, smtp):
    copy_to(acme, asked, "eve@customer.example")
    smtp.answers = {"eve@customer.example": "550 no such user"}
    answer(acme, asked)
    work(acme)
    assert [(r.state, r.reason) for r in outbound()] == [
        (OutboundState.SENT, "eve@customer.example: 550 no such user")
    ]
    assert len(failures()) == 1


def test_twenty_replies_in_two_workers_leave_once_each(app, acme, asked, mailgun):
    for number in range(20):
        answer(acme, asked, f"<p>{number}</p>")
    db.session.rollback()

    def drain() -> None:
        with app.app_context():
            run_due()

    threads = [threading.Thread(target=drain) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(mailgun.counts.values()) == [1] * 20
    assert {row.state for row in outbound()} == {OutboundState.SENT}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboundMessage)) == 20
    assert now() - timedelta(minutes=1) < outbound()[0].sent_at
