"""The bell hurries work along; without it, with a dead Redis or a hung one, everything is still done."""

import threading
import time
from datetime import timedelta

import pytest
import redis
import sqlalchemy as sa

from app.extensions import db, now
from app.jobs import Lane, bell, later, run_due, sweeping
from app.tenancy import acting_for
from tests.jobs.conftest import ask, jobs_of, said, say

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def house(app, world):
    with app.app_context():
        yield world.acme
        db.session.rollback()


@pytest.fixture
def rung(monkeypatch):
    lanes = []
    monkeypatch.setattr(bell, "ring", lambda lane: lanes.append(lane) or True)
    return lanes


@pytest.fixture
def redis_away(app, monkeypatch):
    monkeypatch.setitem(app.config, "REDIS_URL", "redis://127.0.0.1:1/0")


@pytest.fixture
def redis_hung(app, hung, monkeypatch):
    monkeypatch.setitem(app.config, "REDIS_URL", hung)


def test_the_commit_rings(house, declare, rung):
    with acting_for(house.id):
        later(declare(say), "x")
        assert rung == []
    db.session.commit()
    assert rung == ["bulk"]


def test_many_jobs_of_a_lane_ring_once(house, declare, rung):
    ask(house, *[(declare(say), str(n)) for n in range(5)])
    assert rung == ["bulk"]


def test_a_released_savepoint_does_not_ring(house, declare, rung):
    with acting_for(house.id):
        with db.session.begin_nested():
            later(declare(say), "x")
        assert rung == []
        with db.session.begin_nested():
            pass
        assert rung == []
    db.session.commit()
    assert rung == ["bulk"]


def test_a_rollback_does_not_ring_nor_does_the_next_commit(house, declare, rung):
    with acting_for(house.id):
        later(declare(say), "x")
    db.session.rollback()
    db.session.execute(sa.text("SELECT 1"))
    db.session.commit()
    assert rung == []


def test_a_savepoint_undone_leaves_no_job(house, declare):
    with acting_for(house.id):
        point = db.session.begin_nested()
        later(declare(say), "x")
        point.rollback()
    db.session.commit()
    assert jobs_of(house) == []


def test_work_for_later_does_not_ring_now(house, declare, rung):
    with acting_for(house.id):
        later(declare(say), "x", run_at=now() + timedelta(hours=1))
    db.session.commit()
    assert rung == []
    assert run_due() == 0


def test_the_bell_carries_a_lane_and_nothing_else(app, house, declare):
    ask(house, (declare(say), "a secret"))
    with redis.Redis.from_url(app.config["REDIS_URL"]) as client:
        everything = b"".join(str(_content(client, key)).encode() for key in client.scan_iter())
    assert b"bulk" in everything
    assert b"secret" not in everything
    assert str(house.id).encode() not in everything


def _content(client, key):
    kind = client.type(key)
    return {b"string": client.get, b"hash": client.hgetall}.get(kind, lambda _: key)(key)


def test_without_redis_the_request_goes_on_and_the_sweeper_does_the_work(house, declare, redis_away):
    ask(house, (declare(say), "done"))
    assert sweeping.sweep() == 1
    assert said(house) == ["done"]


def test_a_hung_redis_costs_a_request_a_second_whatever_its_lanes(house, declare, redis_hung):
    works = [declare(fn, lane=lane) for fn, lane in zip(distinct(4), Lane, strict=True)]
    started = time.monotonic()
    ask(house, *[(work,) for work in works])
    assert time.monotonic() - started < 2.8


def distinct(count):
    """So many functions of different names."""
    made = []
    for number in range(count):

        def nothing():
            pass

        nothing.__name__ = f"nothing_{number}"
        made.append(nothing)
    return made


def test_a_hung_redis_is_left_alone_after_a_few_requests(house, declare, redis_hung):
    work = declare(say)
    for number in range(bell.FAILURES):
        ask(house, (work, str(number)))
    assert bell.breaker.is_open
    started = time.monotonic()
    for number in range(20):
        ask(house, (work, f"then {number}"))
    assert time.monotonic() - started < 1


def test_a_hung_redis_does_not_keep_the_sweeper_from_the_work(house, declare, redis_hung):
    work = declare(say)
    ask(house, *[(work, str(number)) for number in range(20)])
    started = time.monotonic()
    while len(said(house)) < 20:
        sweeping.sweep()
        assert time.monotonic() - started < 20


def test_the_sweeper_leaves_fresh_work_to_the_workers(house, declare):
    ask(house, (declare(say), "x"))
    assert sweeping.sweep() == 0


def test_the_sweeper_does_what_no_worker_does(house, declare):
    ask(house, (declare(say), "x"))
    with acting_for(house.id):
        db.session.execute(sa.text("UPDATE jobs SET run_at = now() - interval '1 minute'"))
    db.session.commit()
    assert sweeping.sweep() == 1


def test_two_sweepers_do_everything_once(app, house, declare, redis_away):
    ask(house, *[(declare(say), f"{number:02}") for number in range(40)])

    def sweep():
        with app.app_context():
            sweeping.sweep()

    both = [threading.Thread(target=sweep) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert said(house) == [f"{number:02}" for number in range(40)]


def test_a_flushed_redis_loses_no_work(app, house, declare):
    ask(house, (declare(say), "done"))
    with redis.Redis.from_url(app.config["REDIS_URL"]) as client:
        client.flushdb()
    assert run_due() == 1
    assert said(house) == ["done"]


def test_the_backlog_says_how_long_each_lane_has_waited(house, declare):
    ask(house, (declare(say), "x"))
    with acting_for(house.id):
        db.session.execute(sa.text("UPDATE jobs SET run_at = now() - interval '1 minute'"))
    db.session.commit()
    assert 59 < sweeping.backlog()["bulk"] < 70
