"""Alembic's environment: the application's models and database, or an owner's connection for migrations alone."""

from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.types import TypeDecorator

database = current_app.extensions["migrate"].db


def engine() -> Engine:
    """The owner's connection where operators gave one, else the application's."""
    url = current_app.config.get("MIGRATION_DATABASE_URL")
    return create_engine(url) if url else database.engine


def plain_types(kind: str, item: Any, autogen: Any) -> str | Literal[False]:
    """Write what the database stores, so that a migration never imports the application."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


def migrate(connection: Connection) -> None:
    """Run the migrations in one transaction: a failing one leaves nothing behind."""
    context.configure(connection=connection, target_metadata=database.metadata, render_item=plain_types)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations run against the database itself: set DATABASE_URL.")
with engine().connect() as open_connection:
    migrate(open_connection)
