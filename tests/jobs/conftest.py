"""Jobs of the tests' own, and a breaker that starts closed."""

import socket
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.jobs import Job, Lane, bell, job, later, registry
from app.tenancy import acting_for
from app.tickets.settings import Tag


@pytest.fixture(autouse=True)
def closed_breaker() -> Iterator[None]:
    bell.breaker.__init__()
    yield
    bell.breaker.__init__()


@pytest.fixture
def declare() -> Iterator[Callable]:
    """Declares a function as a job for the length of a test."""
    before = dict(registry)

    def declared(fn, **how):
        return job(**({"lane": Lane.BULK} | how))(fn)

    yield declared
    registry.clear()
    registry.update(before)


@pytest.fixture
def hung() -> Iterator[str]:
    """The address of a Redis that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def say(word: str) -> None:
    """An effect that shows in the database."""
    db.session.add(Tag(name=word))


def said(house) -> list[str]:
    with acting_for(house.id):
        return sorted(db.session.scalars(sa.select(Tag.name)))


def jobs_of(house) -> list[Job]:
    with acting_for(house.id):
        db.session.expire_all()
        return list(db.session.scalars(sa.select(Job).order_by(Job.id)))


def make_due(house) -> None:
    """Let the time until the next try, or the end of a lease, pass."""
    with acting_for(house.id):
        db.session.execute(sa.text("UPDATE jobs SET run_at = now() - interval '1 second'"))
    db.session.commit()


def ask(house, *jobs) -> None:
    """Have each (fn, *args) done later, and commit."""
    with acting_for(house.id):
        for fn, *args in jobs:
            later(fn, *args)
    db.session.commit()
