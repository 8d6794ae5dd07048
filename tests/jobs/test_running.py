"""A job's effects happen once, by one worker, and what fails is tried again until it is dead."""

import os
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.extensions import db, now
from app.jobs import JobState, TryAgain, checkpoint, drain, later, run_due
from app.jobs.claiming import BACKOFF, claim, put_back, settle
from app.jobs.outbox import registry
from app.tenancy import acting_for, current_tenant_id
from app.tickets.settings import Tag
from config import ROOT
from tests.jobs import poison
from tests.jobs.conftest import ask, jobs_of, make_due, said, say


@pytest.fixture
def house(app, world):
    with app.app_context():
        yield world.acme
        db.session.rollback()


def failing(word):
    say(word)
    db.session.flush()
    raise ValueError("no \x00 luck")


def test_a_jobs_effects_and_its_end_are_one_commit(house, declare):
    ask(house, (declare(say), "done"))
    assert run_due() == 1
    assert said(house) == ["done"]
    assert jobs_of(house) == []


def test_a_failing_job_leaves_nothing_and_is_tried_again(house, declare):
    ask(house, (declare(failing), "half"))
    assert run_due() == 1
    waiting = jobs_of(house)[0]
    assert said(house) == []
    assert (waiting.attempts, waiting.state) == (1, JobState.DUE)
    assert waiting.last_error == "ValueError: no  luck"


def test_an_error_in_words_that_cannot_be_stored_is_stored_without_them(house, declare):
    ask(house, (declare(say), "x"))
    with acting_for(house.id):
        put_back(claim("bulk", house.id), "lone \udcff surrogate")
    db.session.commit()
    assert jobs_of(house)[0].last_error == "lone ? surrogate"


def test_each_try_waits_longer_and_the_last_is_followed_by_death(house, declare):
    ask(house, (declare(failing, attempts=3), "half"))
    waits = []
    for _ in range(3):
        make_due(house)
        run_due()
        waits.append((jobs_of(house)[0].run_at - now()).total_seconds())
    assert jobs_of(house)[0].state == JobState.DEAD
    assert [round(wait) for wait in waits[:2]] == list(BACKOFF[:2])


def test_a_dead_job_is_not_run_again(house, declare):
    ask(house, (declare(failing, attempts=1), "half"))
    run_due()
    make_due(house)
    assert run_due() == 0


def test_what_follows_death_happens_once(house, declare):
    ask(house, (declare(failing, attempts=1, on_dead=say), "buried"))
    run_due()
    make_due(house)
    run_due()
    assert said(house) == ["buried"]


def test_a_failing_burial_neither_stops_the_others_nor_revives_the_job(house, declare):
    ask(house, (declare(failing, attempts=1, on_dead=failing), "half"), (declare(say), "other"))
    run_due()
    make_due(house)
    assert run_due() == 0
    assert said(house) == ["other"]
    assert [each.state for each in jobs_of(house)] == [JobState.DEAD]


def test_a_far_end_that_asks_to_wait_costs_no_attempt(house, declare):
    def busy():
        raise TryAgain("429", delay=90, counts=False)

    ask(house, (declare(busy),))
    run_due()
    waiting = jobs_of(house)[0]
    assert waiting.attempts == 0
    assert timedelta(seconds=80) < waiting.run_at - now() < timedelta(seconds=91)


def test_a_job_that_takes_too_long_is_stopped_and_put_back(house, declare):
    def dawdle():
        time.sleep(10)

    ask(house, (declare(dawdle, timeout=1),))
    started = time.monotonic()
    run_due()
    assert time.monotonic() - started < 4
    assert "TookTooLong" in jobs_of(house)[0].last_error


def test_a_job_runs_for_the_organisation_that_asked(house, world, declare):
    def whose():
        say(str(current_tenant_id()))

    for each in world.houses:
        ask(each, (declare(whose),))
    run_due()
    assert [said(each) for each in world.houses] == [[str(each.id)] for each in world.houses]


def test_t12_a_job_that_fails_leaves_no_organisation_to_the_next(house, world, declare):
    def count():
        say(f"{len(db.session.scalars(sa.select(Tag)).all())} others")

    for _ in range(2):
        ask(world.acme, (declare(failing), "half"), (declare(count),))
        ask(world.globex, (declare(count),))
        run_due()
        make_due(world.acme)
    assert said(world.globex) == ["0 others", "1 others"]


def test_a_worker_whose_lease_ended_changes_nothing_once_another_has_the_job(house, declare):
    ask(house, (declare(say), "once"))
    slow = claim("bulk", house.id)
    make_due(house)
    assert run_due() == 1
    with acting_for(house.id):
        assert not settle(slow)


def test_of_two_workers_on_one_job_the_later_one_wins(app, house, declare):
    started, go_on = threading.Event(), threading.Event()

    def slow(word):
        say(f"{word} by {threading.current_thread().name}")
        db.session.flush()
        if threading.current_thread().name == "first":
            started.set()
            go_on.wait(10)

    def work():
        with app.app_context():
            drain("bulk", 5)

    ask(house, (declare(slow), "done"))
    first = threading.Thread(target=work, name="first")
    first.start()
    assert started.wait(10)
    make_due(house)
    second = threading.Thread(target=work, name="second")
    second.start()
    second.join()
    go_on.set()
    first.join()
    assert said(house) == ["done by second"]


def test_a_checkpoint_keeps_what_was_done_so_far(house, declare):
    def marks(word):
        say(word)
        checkpoint()
        raise ValueError

    ask(house, (declare(marks), "marker"))
    run_due()
    assert said(house) == ["marker"]
    assert jobs_of(house)[0].attempts == 1


def test_a_checkpoint_of_a_job_that_was_taken_over_stops_it(house, declare):
    def overtaken(word):
        say(word)
        db.session.flush()
        make_due_elsewhere(house)
        claim("bulk", house.id)
        checkpoint()

    ask(house, (declare(overtaken), "marker"))
    run_due()
    assert said(house) == []


def make_due_elsewhere(house):
    with db.engine.begin() as connection:
        connection.execute(sa.text("SELECT set_config('app.tenant_id', :id, true)"), {"id": str(house.id)})
        connection.execute(sa.text("UPDATE jobs SET run_at = now() - interval '1 second'"))


def test_a_job_that_kills_its_worker_is_buried_after_its_last_attempt(app, house, declare):
    ask(house, (declare(poison.die, attempts=2, on_dead=say), "deadly"))
    given = app.config["WORKTRACKR"]
    names = {"worktrackr_env": "test", "database_url": given.database_url, "redis_url": given.redis_url}
    environ = {**os.environ, **{name.upper(): value for name, value in names.items()}, "SECRET_KEY": "x"}
    worker = [sys.executable, "-c", "from tests.jobs.poison import main; main()"]
    for _ in range(2):
        make_due(house)
        done = subprocess.run(worker, cwd=ROOT, env=environ, check=False)
        assert done.returncode == 9
    make_due(house)
    run_due()
    assert said(house) == ["deadly"]
    assert jobs_of(house)[0].last_error == "RuntimeError: the worker died at every attempt"


def test_a_job_of_a_newer_release_waits_untouched(house, declare):
    ask(house, (declare(say), "later"))
    work = registry.pop("tests.jobs.conftest.say")
    assert run_due() == 0
    assert jobs_of(house)[0].attempts == 0
    registry["tests.jobs.conftest.say"] = work
    assert run_due() == 1


def test_one_organisation_with_500_jobs_does_not_keep_another_waiting(house, world, declare):
    order = []

    def note(who):
        order.append(who)

    ask(world.acme, *[(declare(note), "acme")] * 500)
    ask(world.globex, (declare(note), "globex"))
    drain("bulk", 2)
    assert order.index("globex") <= 5


def test_a_unique_key_is_written_once_while_the_job_waits(house, declare):
    work = declare(say)
    for _ in range(3):
        with acting_for(house.id):
            later(work, "one", unique_key="same")
        db.session.commit()
    assert len(jobs_of(house)) == 1


def test_a_unique_key_is_free_again_once_the_job_has_begun(house, declare):
    def again(word):
        later("tests.jobs.conftest.say", "what came meanwhile", unique_key="same")

    declare(say)
    with acting_for(house.id):
        later(declare(again), "x", unique_key="same")
    db.session.commit()
    run_due()
    assert said(house) == ["what came meanwhile"]


def test_a_dead_job_does_not_hold_its_unique_key(house, declare):
    work = declare(failing, attempts=1)
    for _ in range(2):
        with acting_for(house.id):
            later(work, "half", unique_key="same")
        db.session.commit()
        run_due()
    assert [each.state for each in jobs_of(house)] == [JobState.DEAD, JobState.DEAD]


def test_what_is_rolled_back_leaves_no_job(house, declare):
    with acting_for(house.id):
        later(declare(say), "never")
        db.session.rollback()
    assert jobs_of(house) == []
