"""Counting what a page asks the database."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from flask import Flask

from app.extensions import db


@contextmanager
def queries(app: Flask) -> Iterator[list[str]]:
    """Every statement that runs within the block."""
    found: list[str] = []

    def note(connection, cursor, statement, *rest) -> None:
        found.append(statement)

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
