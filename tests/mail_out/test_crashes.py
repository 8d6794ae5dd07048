"""A worker killed at every step of sending: the mail arrives once, or is marked where nobody can tell."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.jobs import Job, checkpoint
from app.mail import send as sending
from app.mail.models import OutboundState
from tests.mail_out.desk import answer, arrive, later_on, outbound, work
from tests.mail_out.dying_worker import STEPS

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def crash(test_settings):
    """`crash(step, address)` runs a worker against that server until it dies at the step."""

    def run(step: str, far_end: str) -> None:
        given = json.dumps(dataclasses.asdict(test_settings) | {"far_end": far_end})
        command = [sys.executable, "-m", "tests.mail_out.dying_worker", step]
        ended = subprocess.run(command, input=given, text=True, cwd=ROOT, timeout=60, capture_output=True)
        assert ended.returncode == 9, ended.stderr

    return run


@pytest.fixture
def waiting(acme):
    """A reply whose row is written and that nobody has tried to send."""
    ticket = arrive(acme, verdict="none", to="someone@else.example")
    answer(acme, ticket)
    db.session.rollback()
    return ticket


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_any_step_leaves_one_mail(acme, waiting, mailgun, crash, step):
    crash(step, mailgun.base)
    later_on(acme)
    work(acme)
    assert list(mailgun.counts.values()) == [1]
    assert [(row.state, row.is_uncertain) for row in outbound()] == [(OutboundState.SENT, False)]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0


@pytest.mark.parametrize(
    ("step", "times", "uncertain"),
    [
        ("before handing over", 1, True),
        ("after handing over", 2, True),
        ("after the commit", 1, False),
    ],
)
def test_over_smtp_a_crash_costs_one_copy_at_most_and_is_marked(
    acme, waiting, smtp, crash, step, times, uncertain
):
    crash(step, smtp.url)
    later_on(acme)
    work(acme)
    assert list(smtp.counts.values()) == [times]
    assert [(row.state, row.is_uncertain) for row in outbound()] == [(OutboundState.SENT, uncertain)]


def test_a_worker_that_dies_again_and_again_sends_twice_at_most(acme, waiting, smtp, crash):
    for _ in range(2):
        crash("after handing over", smtp.url)
        later_on(acme)
    work(acme)
    assert list(smtp.counts.values()) == [2]
    assert [(row.state, row.is_uncertain) for row in outbound()] == [(OutboundState.FAILED, True)]


@pytest.mark.parametrize("times", [1, 3])
def test_a_database_that_is_away_when_the_mail_has_gone_costs_no_second_copy(
    acme, waiting, smtp, monkeypatch, times
):
    away = iter([None] + [sa.exc.OperationalError("COMMIT", {}, Exception("gone"))] * times)

    def commit_if_there() -> None:
        if error := next(away, None):
            raise error
        checkpoint()

    monkeypatch.setattr(sending, "checkpoint", commit_if_there)
    monkeypatch.setattr(sending, "NOTE_AGAIN", 0)
    work(acme)
    assert list(smtp.counts.values()) == [1]
    assert [(row.state, row.is_uncertain) for row in outbound()] == [(OutboundState.SENT, False)]
