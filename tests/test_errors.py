"""Whatever goes wrong, a person gets a page that says what to do, and a machine a problem document."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import abort

from app import create_app
from app.policy import Conflict, LimitReached, NotAllowed

STATUSES = [400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503]


def fail(how: str) -> None:
    """Views that go wrong, for the test's application."""
    if how.isdigit():
        abort(int(how))
    raise {
        "notallowed": NotAllowed("ticket.edit"),
        "conflict": Conflict("status", "Open", "<b>Closed</b>"),
        "limit": LimitReached("Your plan ends at 5 members: choose a larger one."),
        "database": sa.exc.OperationalError("SELECT 1", {}, Exception("gone")),
        "bug": ValueError("hunter2"),
    }[how]


fail.access = "public"


@pytest.fixture(scope="module")
def failing(test_settings):
    app = create_app(replace(test_settings, log_level="ERROR"))
    app.add_url_rule("/fail/<how>", "fail", fail)
    app.add_url_rule("/api/fail/<how>", "api_fail", fail)
    return app.test_client()


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_has_a_page_that_says_what_to_do(failing, status):
    response = failing.get(f"/fail/{status}")
    assert response.status_code == status
    assert "<h1>" in response.text
    assert response.headers["X-Request-Id"] in response.text


@pytest.mark.parametrize("status", STATUSES)
def test_the_api_gets_a_problem_document(failing, status):
    response = failing.get(f"/api/fail/{status}")
    assert response.mimetype == "application/problem+json"
    assert response.json["status"] == response.status_code == status
    assert response.json["detail"]


@pytest.mark.parametrize(
    ("how", "status"),
    [("notallowed", 403), ("conflict", 409), ("limit", 403), ("database", 503), ("bug", 500)],
)
def test_the_domains_own_exceptions_have_their_status(failing, how, status):
    assert failing.get(f"/fail/{how}").status_code == status


def test_a_conflict_says_what_each_side_has_and_escapes_it(failing):
    page = failing.get("/fail/conflict").text
    assert "&lt;b&gt;Closed" in page
    assert "<b>Closed" not in page


def test_a_limit_speaks_for_itself(failing):
    assert "choose a larger one" in failing.get("/fail/limit").text


def test_a_database_that_is_away_says_when_to_come_back(failing):
    assert failing.get("/fail/database").headers["Retry-After"] == "5"


def test_a_fault_of_ours_shows_nothing_of_itself(failing):
    page = failing.get("/fail/bug").text
    assert "hunter2" not in page
    assert "Traceback" not in page


def test_a_wrong_method_says_which_are_right(client):
    assert "GET" in client.delete("/sign-in").headers["Allow"]


def test_a_page_comes_even_when_the_database_is_really_away(test_settings):
    app = create_app(replace(test_settings, database_url="postgresql://nobody@/nothing?host=/nonexistent"))
    browser = app.test_client()
    browser.set_cookie("worktrackr", "some-session-token")
    response = browser.get("/organisations")
    assert response.status_code == 503
    assert "<h1>" in response.text


JUNK = [
    ("/%ff%fe", {}),
    ("/sign-in?next=%ff%00", {}),
    ("/sign-in", {"data": b"\xff\xfe=%00", "content_type": "application/x-www-form-urlencoded"}),
    ("/sign-in", {"data": "a=1&" * 2000, "content_type": "application/x-www-form-urlencoded"}),
    ("/sign-in", {"data": b"x" * 100, "content_type": "multipart/form-data; boundary="}),
    ("/sign-in", {"data": {"email": "a\x00b@example.com", "password": "\x00"}}),
    ("/sign-in", {"data": {"email": ["a", "b"], "password": "x" * 1_000_000}}),
    ("/sign-in", {"data": "{" * 10_000, "content_type": "application/json"}),
    ("/o/%00/tickets", {}),
    ("/o//tickets", {}),
    ("/o/" + "a" * 5000 + "/", {}),
]


@pytest.mark.parametrize(("path", "body"), JUNK)
def test_junk_is_refused_and_never_breaks_anything(client, path, body):
    response = client.post(path, **body) if body else client.get(path)
    assert response.status_code < 500
