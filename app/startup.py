"""What must be true before the application serves anybody: settings, servers, and a database role that is bound."""

import sqlalchemy as sa
from flask import Flask

from app import embedded
from app.extensions import db
from config import ROOT, Config, Refused

_held: list[embedded.Servers] = []  # a process holds the embedded servers until it ends

ROLE = sa.text("SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")


def settings() -> Config:
    """The settings of this process; in development with the embedded servers where no URL is set."""
    config = Config.from_environment()
    if config.is_production or (config.database_url and config.redis_url):
        return config
    try:
        servers = embedded.ensure(ROOT / "var")
    except embedded.Unavailable as error:
        raise Refused([str(error)]) from error
    _held.append(servers)
    return config.with_servers(servers.postgresql.url(), servers.redis.url())


def refuse_an_unbound_role(app: Flask) -> None:
    """Row-level security does not bind a superuser or a BYPASSRLS role, so it may not serve. Raises Refused."""
    with app.app_context():
        name, unbound = db.session.execute(ROLE).one()
        db.session.rollback()
        db.engine.dispose()  # a server forks after this: no connection may be shared
    if unbound:
        raise Refused(
            [f"DATABASE_URL connects as {name}, which row-level security does not bind: make a plain role"]
        )
