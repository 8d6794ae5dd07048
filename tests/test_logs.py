"""A log line says who, where and how long, and never a secret or what people wrote."""

import json
import logging

import pytest
import structlog

from app import logs
from app.logs import redact

CANARY = "Zq8vK2mT5xB1nW7yR4cJ9dL3hF6gS0pQeA"


@pytest.mark.parametrize(
    "entry",
    [
        {"password": CANARY},
        {"form": {"new_password": CANARY, "nested": [{"csrf_token": CANARY}]}},
        {"headers": {"Cookie": f"worktrackr={CANARY}"}},
        {"authorization": f"Bearer {CANARY}"},
        {"event": f"Authorization: Bearer {CANARY}"},
        {"event": f"connecting to redis://:{CANARY}@cache:6379"},
        {"event": f"postgresql://worktrackr:{CANARY}@db/x failed"},
        {"path": f"/reset/{CANARY}"},
        {"event": f"GET /files/7?signature={CANARY}"},
        {"stripe_secret_key": CANARY},
        {"event": "key sk_live_51HqLyjWDarjtT1zdp7dc".replace("51HqLyjWDarjtT1zdp7dc", CANARY)},
        {"mailgun_signature": CANARY},
        {"database_url": CANARY},
        {"raw": CANARY.encode()},
        {"body": f"Dear {CANARY}"},
        {"body_html": f"<p>{CANARY}</p>"},
        {"html": CANARY},
        {"note": CANARY.encode()},
        {"exception": f"Traceback (most recent call last):\n  ValueError: token={CANARY}"},
    ],
)
def test_a_planted_secret_never_comes_out(entry):
    assert CANARY not in json.dumps(redact(None, "info", entry), default=str)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("event", "job.done"),
        ("tenant", "0190a3b2-7c4d-7e8f-9a0b-1c2d3e4f5a6b"),
        ("path", "/o/acme/tickets/1042"),
        ("ms", 12.5),
        ("work", "mail.receive.receive"),
        ("reason", "test_closing_a_ticket_records_who_closed_it failed"),
    ],
)
def test_what_operators_need_stays(key, value):
    assert redact(None, "info", {key: value}) == {key: value}


def test_a_long_text_is_cut():
    assert len(redact(None, "info", {"event": "word " * 10_000})["event"]) < 3000


@pytest.fixture
def lines(app, capsys):
    """The JSON lines written meanwhile; can be asked once."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    root.setLevel(before)
    structlog.contextvars.clear_contextvars()


def test_each_request_leaves_one_line_with_its_ids(lines, world, signed_in):
    response = signed_in(world.acme.staff).get(world.acme.path("/no-such-page"))
    (line,) = [each for each in lines() if each["logger"] == "access"]
    assert line["request"] == response.headers["X-Request-Id"]
    assert line["tenant"] == str(world.acme.id)
    assert line["user"] == str(world.acme.staff.user_id)
    assert (line["status"], line["path"]) == (404, "/o/acme/no-such-page")


def test_a_request_leaves_no_password_cookie_or_query(lines, world, client):
    client.set_cookie("worktrackr", CANARY)
    client.post(f"/sign-in?code={CANARY}", data={"email": world.acme.staff.email, "password": CANARY})
    written = lines()
    assert written
    assert CANARY not in json.dumps(written)


def test_an_exception_is_logged_without_its_sql_parameters(app, lines):
    import sqlalchemy as sa

    from app.extensions import db

    with app.app_context(), pytest.raises(sa.exc.DBAPIError) as caught:
        db.session.execute(sa.text("SELECT CAST(:word AS integer)"), {"word": CANARY})
    logging.getLogger("test").error("failed", exc_info=caught.value)
    assert "hidden" in json.dumps(lines())


def test_the_libraries_logs_go_the_same_way(lines):
    logging.getLogger("some.library").warning("token=%s", CANARY)
    (line,) = lines()
    assert line["logger"] == "some.library"
    assert CANARY not in line["event"]


def test_a_strangers_request_id_is_not_taken_over(client):
    given = "a-strangers-own-id-1234"
    assert client.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"] != given


def test_a_request_id_comes_from_a_trusted_proxy(app, client, monkeypatch):
    monkeypatch.setitem(app.config, "PROXY_HOPS", 1)
    given = "the-proxys-own-id-1234"
    assert client.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


def test_development_reads_like_prose(monkeypatch):
    from config import Config

    assert not isinstance(
        logs._renderer(Config(worktrackr_env="development")), structlog.processors.JSONRenderer
    )
