"""What must be true before anybody is served: settings, servers, and a database role that row-level security binds."""

import time

import sqlalchemy as sa
import structlog
from flask import Flask

from app import embedded
from app.extensions import db
from config import ROOT, Config, Refused

log = structlog.get_logger()

PATIENCE = 30  # seconds the database may take to come up beside us

# Deadlines inside PostgreSQL, in milliseconds: nothing may hold a thread or a lock for long.
DEADLINES = "-c statement_timeout=10000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000"
ROLE = sa.text("SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")

held: list[embedded.Servers] = []  # a process holds the embedded servers until it ends


def settings() -> Config:
    """The settings of this process; in development with the embedded servers where no URL is set."""
    config = Config.from_environment()
    if not config.is_development or (config.database_url and config.redis_url):
        return config
    try:
        servers = embedded.ensure(ROOT / "var")
    except embedded.Unavailable as error:
        raise Refused([str(error)]) from error
    held.append(servers)
    return config.with_servers(servers.postgresql.url(), servers.redis.url())


def configure(app: Flask, config: Config) -> None:
    """Give Flask and its extensions their settings."""
    app.config.from_mapping(config.for_flask())
    app.config["TEMPLATES_AUTO_RELOAD"] = config.is_development
    app.config["RATELIMIT_STORAGE_URI"] = config.limiter_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_pre_ping": True,
        "pool_size": 10,
        "pool_timeout": 5,
        "hide_parameters": True,  # an error's text would carry the mail or the password it was about
        "connect_args": {"options": DEADLINES, "connect_timeout": 5},
    }


def check_database(app: Flask) -> None:
    """Refuse to serve as a superuser or with BYPASSRLS, since neither is bound by row-level security.

    Waits for a database that is still coming up. Raises Refused.
    """
    with app.app_context():
        name, unbound = _role()
        db.engine.dispose()  # a server forks after this, and no connection may be shared
    if unbound:
        raise Refused(
            [f"DATABASE_URL connects as {name}, whom row-level security does not bind: use a plain role"]
        )


def _role() -> tuple[str, bool]:
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            with db.engine.connect() as connection:
                return tuple(connection.execute(ROLE).one())
        except sa.exc.OperationalError as error:
            if time.monotonic() > ends:
                raise Refused([f"DATABASE_URL does not answer: {error.orig}"]) from error
            log.warning("startup.waiting_for_database")
            time.sleep(1)
