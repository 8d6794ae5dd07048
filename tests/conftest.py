"""What every test stands on: real servers shared by all workers, a clean database for each test, and no network.

`app` gives a clean application, `world` its two organisations, `acme` and `globex` one of them with the session
acting for it, `client` an anonymous browser and `signed_in(person)` a browser of that person.
"""

import contextvars
import fcntl
import ipaddress
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import pytest
import redis
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import create_app, embedded
from app.auth import sessions
from app.auth.models import User
from app.extensions import db
from app.tenancy import acting_for
from config import Config
from tests import world as worlds
from tests.filling import Filled, fill
from tests.world import House, Person, World

SERVERS = "WORKTRACKR_TEST_SERVERS"  # the folder of the servers, from the first process to its xdist workers
TEMPLATE = "worktrackr_template"
LOCAL_NAMES = {"", "localhost", None}


class NoNetwork(Exception):
    """A test wanted to leave this machine."""


def pytest_configure(config: pytest.Config) -> None:
    if SERVERS not in os.environ:
        os.environ[SERVERS] = config.worktrackr_servers = tempfile.mkdtemp(prefix="wt-")  # type: ignore[attr-defined]
        Path(os.environ[SERVERS]).chmod(0o711)  # the servers' own account must get to its folders
    sys.addaudithook(_stay_at_home)


def pytest_unconfigure(config: pytest.Config) -> None:
    folder = getattr(config, "worktrackr_servers", None)
    if folder:
        if (Path(folder) / "users.lock").exists():
            embedded.ensure(Path(folder), durable=False).release(wait=True)
        shutil.rmtree(folder, ignore_errors=True)
        del os.environ[SERVERS]


def _stay_at_home(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
    else:
        return
    if host not in LOCAL_NAMES and not _is_loopback(host):
        raise NoNetwork(f"{event} to {host}")


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


@pytest.fixture(scope="session")
def servers() -> Iterator[embedded.Servers]:
    """PostgreSQL and Redis of this test run, with a migrated template of the database."""
    held = embedded.ensure(Path(os.environ[SERVERS]), durable=False)
    with Path(os.environ[SERVERS], "template.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with psycopg.connect(held.postgresql.url(), autocommit=True) as connection:
            made = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone()
            if not made:
                connection.execute(f"CREATE DATABASE {TEMPLATE}")
                _migrate(held)
    yield held
    held.release()


def _migrate(held: embedded.Servers) -> None:
    app = create_app(settings(held.postgresql.url(TEMPLATE), held.redis.url(0)))
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()


def settings(database_url: str, redis_url: str, **more: str) -> Config:
    """Settings of a test's application; `more` are further ones."""
    given = {
        "worktrackr_env": "test",
        "app_base_url": "http://localhost",
        "database_url": database_url,
        "redis_url": redis_url,
        "secret_key": "kE4vNq0zT7mWc2yXb9pLr5sHj8uGd3fA",
        "jwt_secret": "Zp6wQx1nVt8kMb3cRy5gLs0hJd7fUe2a",
        "mailgun_signing_key": "test-signing-key-7Fq2Lx9Vt4Wm",
        "mail_domain": "mail.example.com",
        "mail_sink_path": f"{os.environ[SERVERS]}/mail-{_worker()}",
        "storage_url": f"file://{os.environ[SERVERS]}/files-{_worker()}",
        "undo_send_seconds": "0",
        "log_level": "ERROR",
    }
    return Config(**(given | more))


def _worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "gw0")


@pytest.fixture(scope="session")
def test_settings(servers: embedded.Servers) -> Config:
    """Settings with a database and a Redis database of this worker's own."""
    name = f"worktrackr_{_worker()}"
    with psycopg.connect(servers.postgresql.url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    return settings(servers.postgresql.url(name), servers.redis.url(int(_worker().removeprefix("gw")) + 1))


class Browser(FlaskClient):
    """Asks from a context of its own, as another process would: no session, `g` or log context is shared."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        return contextvars.Context().run(super().open, *args, **kwargs)


_engines: set[sa.Engine] = set()
_kept: set[sa.Engine] = set()  # of the session's application


@sa.event.listens_for(sa.Engine, "engine_connect")
def _remember(connection: sa.Connection) -> None:
    _engines.add(connection.engine)


@pytest.fixture(autouse=True)
def _close_engines() -> Iterator[None]:
    """Close the connections of applications that a test made for itself: left open, they fail some later test."""
    before = set(_engines)
    yield
    for engine in _engines - before - _kept:
        engine.dispose()
        _engines.discard(engine)


@pytest.fixture(scope="session")
def _application(test_settings: Config) -> Iterator[Flask]:
    app = create_app(test_settings)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    app.test_client_class = Browser
    with app.app_context():
        _kept.add(db.engine)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def _broom(servers: embedded.Servers, _application: Flask) -> Iterator[Callable[[], None]]:
    """Empties the database as the superuser: deleting a test's few rows takes a tenth of TRUNCATE's time."""
    name = f"worktrackr_{_worker()}"
    tables = [each.name for each in db.metadata.sorted_tables]
    sweep = f"SET session_replication_role = replica; {'; '.join(f'DELETE FROM {each}' for each in tables)}"
    with psycopg.connect(servers.postgresql.url(name, "postgres"), autocommit=True) as connection:
        yield lambda: connection.execute(sweep) and None


@pytest.fixture
def app(_application: Flask, _broom: Callable[[], None]) -> Iterator[Flask]:
    """The application on an empty database and an empty Redis. No context is entered."""
    yield _application
    _broom()
    with redis.Redis.from_url(_application.config["REDIS_URL"]) as client:
        client.flushdb()
    for folder in ("MAIL_SINK_PATH", "STORAGE_URL"):
        shutil.rmtree(_application.config[folder].removeprefix("file://"), ignore_errors=True)


@pytest.fixture
def world(app: Flask) -> World:
    """Two organisations of two partners with a member for each role."""
    with app.app_context():
        return worlds.build()


@pytest.fixture
def filled(app: Flask, world: World) -> tuple[Filled, Filled]:
    """Both organisations with a row in every table; Acme's ticket has a number that Globex has not."""
    with app.app_context():
        return fill(world.acme, number=424242), fill(world.globex)


@pytest.fixture
def acme(app: Flask, world: World) -> Iterator[House]:
    """Acme, with an application context whose session acts for it."""
    with app.app_context(), acting_for(world.acme.id):
        yield world.acme
        db.session.rollback()


@pytest.fixture
def globex(app: Flask, world: World) -> Iterator[House]:
    """Globex, with an application context whose session acts for it."""
    with app.app_context(), acting_for(world.globex.id):
        yield world.globex
        db.session.rollback()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody has signed in with."""
    return app.test_client()


@pytest.fixture
def signed_in(app: Flask) -> Callable[[Person], FlaskClient]:
    """`signed_in(world.acme.staff)` is a browser of that person."""

    def sign_in(person: Person) -> FlaskClient:
        browser = app.test_client()
        with app.test_request_context(base_url=app.config["APP_BASE_URL"]):
            user = db.session.get_one(User, person.user_id)
            sessions.start(user)
            db.session.commit()
            response = sessions.send_cookie(app.response_class())
        name, _, value = response.headers["Set-Cookie"].partition(";")[0].partition("=")
        browser.set_cookie(name, value)
        return browser

    return sign_in
