"""One place where everything that goes wrong becomes an answer that says what to do next."""

from typing import Any

import sqlalchemy as sa
import structlog
from flask import Flask, Response, g, jsonify, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from app.extensions import db, login
from app.logs import request_id
from app.policy import Conflict, LimitReached, NotAllowed

log = structlog.get_logger()

RETRY_AFTER = 5  # seconds; a database restart takes about one
MACHINES = ("/api/", "/webhooks/")

# Title and what to do next, for each status a person may meet.
WORDS: dict[int, tuple[Any, Any]] = {
    400: (
        lazy_gettext("That did not make sense to us"),
        lazy_gettext("Go back, reload the page and try again."),
    ),
    401: (lazy_gettext("Please sign in"), lazy_gettext("This page is for people who are signed in.")),
    403: (
        lazy_gettext("You may not do that"),
        lazy_gettext("Your role does not allow it. An administrator of your organisation can change that."),
    ),
    404: (
        lazy_gettext("There is nothing here"),
        lazy_gettext("The address may be mistyped, or what was here is gone or not shared with you."),
    ),
    405: (lazy_gettext("That does not work here"), lazy_gettext("Go back and use the page's own buttons.")),
    409: (
        lazy_gettext("Somebody else was faster"),
        lazy_gettext("This changed while you had it open. Go back, reload the page and look at it again."),
    ),
    413: (lazy_gettext("That is too large"), lazy_gettext("Send smaller files, or fewer at a time.")),
    422: (
        lazy_gettext("We could not use that"),
        lazy_gettext("Go back, check what you entered and try again."),
    ),
    429: (lazy_gettext("That was too often"), lazy_gettext("Wait a minute, then try again.")),
    500: (
        lazy_gettext("Something broke on our side"),
        lazy_gettext("Nothing you entered was half saved. Try again; if it happens twice, tell us."),
    ),
    503: (
        lazy_gettext("We will be back in a moment"),
        lazy_gettext("Our database is not answering. Wait a few seconds, then reload this page."),
    ),
}


class Refusal(HTTPException):
    """A refusal with words of its own."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__()
        self.code, self.text = code, text


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(NotAllowed, lambda error: answer(403))
    app.register_error_handler(Conflict, _conflict)
    app.register_error_handler(LimitReached, lambda error: answer(403, str(error)))
    for away in (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError):
        app.register_error_handler(away, _no_database)
    app.register_error_handler(sa.exc.DataError, _unusable)


def answer(code: int, text: str = "", title: str = "", action: dict[str, str] | None = None) -> Response:
    """The page or problem document (RFC 9457) of a status, with these words and way out or its usual ones."""
    usual_title, usual = WORDS.get(code) or WORDS[500 if code >= 500 else 400]
    title = title or str(usual_title)
    text = text or str(usual)
    if _asked_by_a_machine():
        problem = jsonify(type="about:blank", title=title, status=code, detail=text, request=request_id())
        problem.mimetype = "application/problem+json"
        problem.status_code = code
        return problem
    action = action or _way_out(code)
    page = render_template(
        "error.html", code=code, title=title, text=text, action=action, reference=request_id()
    )
    return Response(page, code)


def _http(error: HTTPException) -> Any:
    if error.response is not None or (error.code or 500) < 400:
        return error
    if isinstance(error, InternalServerError):
        db.session.rollback()
    if isinstance(error, CSRFError):
        text = gettext("This form was open for too long. Go back, reload the page and send it again.")
        return answer(400, text)
    response = answer(error.code or 500, getattr(error, "text", ""))
    for name, value in error.get_headers():  # Allow, Retry-After, WWW-Authenticate
        if name not in {"Content-Type", "Content-Length"}:
            response.headers.add(name, value)
    return response


def _conflict(error: Conflict) -> Response:
    db.session.rollback()
    text = gettext(
        "Somebody set this to “%(theirs)s” while you had it open, so your “%(yours)s” was not saved. "
        "Go back, reload the page and decide again.",
        theirs=error.theirs,
        yours=error.yours,
    )
    return answer(409, text)


def _no_database(error: Exception) -> Response:
    log.error("database.away", error=type(error).__name__, cause=type(error.__cause__).__name__)
    db.session.rollback()
    g._login_user = (
        login.anonymous_user()
    )  # where Flask-Login looks first: the page must not ask the database
    response = answer(503)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def _unusable(error: sa.exc.DataError) -> Response:
    """PostgreSQL cannot hold what was sent: a NUL in a text, a number beyond all bounds."""
    log.warning("request.unusable", cause=str(error.orig))
    db.session.rollback()
    return answer(400)


def _asked_by_a_machine() -> bool:
    if request.path.startswith(MACHINES):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return best == "application/json"


def _way_out(code: int) -> dict[str, str] | None:
    """Where the page's button leads, where that is not the start page."""
    if code == 401:
        return {"url": url_for("auth.sign_in"), "name": gettext("Sign in")}
    if "member" in g:
        return {"url": f"{request.script_root}/", "name": gettext("Go to the tickets")}
    return None
