"""Nobody is served through a database role that row-level security does not bind."""

from dataclasses import replace

import psycopg
import pytest

from app import create_app, startup
from app.startup import check_database
from config import Refused


def test_our_own_role_may_serve(app):
    check_database(app)


@pytest.mark.parametrize("right", ["SUPERUSER", "BYPASSRLS"])
def test_a_role_beyond_row_level_security_is_refused(servers, test_settings, right):
    role = f"too_mighty_{right.lower()}"
    with psycopg.connect(servers.postgresql.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute(f"DROP ROLE IF EXISTS {role}")
        connection.execute(f"CREATE ROLE {role} LOGIN {right}")
    app = create_app(replace(test_settings, database_url=servers.postgresql.url("worktrackr", role)))
    with pytest.raises(Refused, match=role):
        check_database(app)


def test_a_database_that_does_not_come_up_is_named(test_settings, monkeypatch):
    monkeypatch.setattr(startup, "PATIENCE", 0)
    app = create_app(replace(test_settings, database_url="postgresql://x@/x?host=/nonexistent"))
    with pytest.raises(Refused, match="DATABASE_URL does not answer"):
        check_database(app)


def test_no_query_and_no_lock_may_last_for_ever(app):
    import sqlalchemy as sa

    from app.extensions import db

    limits = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    with app.app_context():
        assert all(db.session.scalar(sa.text(f"SHOW {name}")) != "0" for name in limits)
