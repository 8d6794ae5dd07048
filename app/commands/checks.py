"""Whether the servers this installation stands on are as they should be: settings, database, Redis, files, clock."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import redis
import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app

from app.commands.findings import Finding, fail, ok, warn
from app.extensions import db, migrate, new_id
from app.health import LAGGING
from app.jobs import bell
from app.jobs.sweeping import backlog
from app.startup import ROLE
from app.storage import Storage, StorageUnavailable
from app.tenancy import tenanted_models
from config import ROOT, Config

OLDEST_POSTGRESQL = 150000
SKEW = (2.0, 30.0)  # seconds of difference between clocks: worth a word, and harmful
SPACE = (2_000_000_000, 300_000_000)  # bytes left: worth a word, and harmful
UNBOUND = sa.text(
    "SELECT relname FROM pg_class WHERE relname = ANY(:names) AND relkind IN ('r', 'p')"
    " AND relnamespace = current_schema()::regnamespace AND NOT (relrowsecurity AND relforcerowsecurity)"
)


def configuration() -> Iterator[Finding]:
    """Settings that start-up would refuse never get here; some that work are still worth a word."""
    config: Config = current_app.config["WORKTRACKR"]
    yield ok("configuration", f"complete for {config.worktrackr_env}")
    if not config.is_production:
        yield warn(
            "configuration",
            f"this is {config.worktrackr_env}",
            "set WORKTRACKR_ENV=production where people work with it",
        )
    if config.is_production and not config.metrics_token:
        yield warn("configuration", "/metrics is closed", "set METRICS_TOKEN to let your monitoring read it")


def database() -> Iterator[Finding]:
    """Version, role, row-level security, migrations, clock."""
    try:
        with db.engine.connect() as connection:
            yield from _version(connection)
            yield from _role(connection)
            yield from _security(connection)
            yield from _migrations(connection)
            yield from _clock(connection)
    except sa.exc.SQLAlchemyError as error:
        cause = str(getattr(error, "orig", error)).strip().splitlines()[0]
        yield fail("database", f"does not answer: {cause}", "start PostgreSQL, or set DATABASE_URL right")


def work() -> Iterator[Finding]:
    """Whether somebody does what is due."""
    try:
        waits = max(backlog().values(), default=0.0)
    except sa.exc.SQLAlchemyError:
        return  # said by `database`
    if waits > LAGGING:
        yield fail(
            "work",
            f"the oldest due job has waited {waits:.0f} s",
            "start python worker.py and python worker.py cron",
        )
    else:
        yield ok("work", "nothing due is left lying")


def redis_server() -> Iterator[Finding]:
    """Reachable, and set up so that it neither forgets nor drops what it holds."""
    try:
        client = bell.connection()
        known = client.info()
        policy = str(known.get("maxmemory_policy") or "noeviction")
    except redis.RedisError as error:
        yield fail(
            "redis",
            f"does not answer: {type(error).__name__}",
            "start Redis, or set REDIS_URL right; until then work is done late, by the cron process",
        )
        return
    yield ok("redis", f"version {known.get('redis_version', 'unknown')} answers")
    saved = known.get("aof_enabled") or _saves(client)
    if saved:
        yield ok("redis persistence", "on")
    else:
        yield warn("redis persistence", "off: a restart forgets rate limits", "set appendonly yes")
    if policy == "noeviction":
        yield ok("redis memory", "noeviction")
    else:
        yield warn("redis memory", f"{policy}: work may be dropped", "set maxmemory-policy noeviction")


def storage() -> Iterator[Finding]:
    """Write, read and delete one small file."""
    store: Storage = current_app.extensions["storage"]
    key, data = f"doctor/{new_id()}", b"is this kept?"
    try:
        store.put(key, data, "text/plain")
        with store.open(key) as kept:
            same = kept.read() == data
        store.delete(key)
    except (StorageUnavailable, LookupError, OSError) as error:
        yield fail("storage", f"{type(error).__name__}: {error}", "check STORAGE_URL and its permissions")
        return
    if same:
        yield ok("storage", "writes, reads and deletes")
    else:
        yield fail("storage", "gives back something else than it was given", "check STORAGE_URL")


def disk() -> Iterator[Finding]:
    """Room for logs and, where files are kept here, for attachments."""
    place = current_app.config["WORKTRACKR"].absolute_storage_url
    folder = Path(place.removeprefix("file://")) if place.startswith("file://") else ROOT
    while not folder.exists():
        folder = folder.parent
    left = shutil.disk_usage(folder).free
    words = f"{left / 1e9:.1f} GB left at {folder}"
    if left > SPACE[0]:
        yield ok("disk", words)
    else:
        say = fail if left < SPACE[1] else warn
        yield say("disk", words, "make room, or move attachments to s3:// with STORAGE_URL")


def _version(connection: sa.Connection) -> Iterator[Finding]:
    number = int(connection.scalar(sa.text("SHOW server_version_num")) or 0)
    words = f"PostgreSQL {connection.scalar(sa.text('SHOW server_version'))} answers"
    if number >= OLDEST_POSTGRESQL:
        yield ok("database", words)
    else:
        yield fail("database", words, f"upgrade to PostgreSQL {OLDEST_POSTGRESQL // 10000} or later")


def _role(connection: sa.Connection) -> Iterator[Finding]:
    name, unbound = connection.execute(ROLE).one()
    if unbound:
        yield fail(
            "database role",
            f"{name} is not bound by row-level security",
            "connect as a role without SUPERUSER and BYPASSRLS: organisations are not kept apart otherwise",
        )
    else:
        yield ok("database role", f"{name} is bound by row-level security")


def _security(connection: sa.Connection) -> Iterator[Finding]:
    names = [str(getattr(model, "__tablename__", "")) for model in tenanted_models()]
    open_tables = connection.scalars(UNBOUND, {"names": names}).all()
    if open_tables:
        yield fail(
            "row-level security",
            f"off for {', '.join(sorted(open_tables))}",
            "run flask db upgrade; if it stays, ENABLE and FORCE it by hand",
        )
    else:
        yield ok("row-level security", f"on for all {len(names)} tables")


def _migrations(connection: sa.Connection) -> Iterator[Finding]:
    scripts: Any = migrate.get_config()
    wanted = set(ScriptDirectory.from_config(scripts).get_heads())
    present = set(MigrationContext.configure(connection).get_current_heads())
    if wanted == present:
        yield ok("migrations", f"at {', '.join(sorted(present))}")
    else:
        at, to = ", ".join(sorted(present)) or "none", ", ".join(sorted(wanted))
        yield fail("migrations", f"at {at}, the code is at {to}", "run flask db upgrade")


def _clock(connection: sa.Connection) -> Iterator[Finding]:
    before = datetime.now(UTC)
    theirs = connection.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
    skew = abs((theirs - before).total_seconds())
    if skew <= SKEW[0]:
        yield ok("clock", "as the database's")
    else:
        say = fail if skew > SKEW[1] else warn
        yield say("clock", f"{skew:.0f} s apart from the database's", "let both keep time by NTP")


def _saves(client: redis.Redis) -> bool:
    """Whether snapshots are on; a hosted Redis that does not say counts as on."""
    try:
        found: Any = client.config_get("save")
    except redis.ResponseError:
        return True
    return bool(found.get("save"))
