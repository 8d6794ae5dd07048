"""Between the password and the second factor: a cookie that opens the code's page and nothing else, for minutes."""

import secrets
from datetime import timedelta

import sqlalchemy as sa
from flask import Flask, Response, current_app, g, request

from app.auth.links import hash_of
from app.auth.models import HalfSession, User
from app.extensions import db, now

LASTS = timedelta(minutes=10)


def start(user: User) -> None:
    """Note that this browser knows the user's password."""
    db.session.execute(sa.delete(HalfSession).where(HalfSession.expires_at < now()))
    end()
    token = secrets.token_urlsafe(32)
    db.session.add(
        HalfSession(token_hash=hash_of(token), user_id=user.id, host=request.host, expires_at=now() + LASTS)
    )
    g.half_token = token


def current() -> HalfSession | None:
    """The half session of this browser, if there is one and its user may still sign in."""
    token = request.cookies.get(cookie_name())
    if not token:
        return None
    found = db.session.scalar(
        sa.select(HalfSession).where(
            HalfSession.token_hash == hash_of(token),
            HalfSession.host == request.host,
            HalfSession.ended_at.is_(None),
            HalfSession.expires_at > sa.func.now(),
        )
    )
    return found if found is not None and found.user.is_active and found.user.has_second_factor else None


def end() -> None:
    """End this browser's half session."""
    token = request.cookies.get(cookie_name())
    if token:
        ended = sa.update(HalfSession).where(HalfSession.token_hash == hash_of(token))
        db.session.execute(ended.values(ended_at=now()))
        g.half_token = ""


def end_all(user: User) -> None:
    """End every half session of the user: what they were begun with no longer holds."""
    db.session.execute(sa.delete(HalfSession).where(HalfSession.user_id == user.id))


def cookie_name() -> str:
    return "__Host-worktrackr-half" if current_app.config["WORKTRACKR"].is_https else "worktrackr-half"


def send_cookie(response: Response) -> Response:
    """Hand the browser the token of a half session started in this request, or take it away."""
    token = g.pop("half_token", None)
    if token is not None:
        secure = current_app.config["WORKTRACKR"].is_https
        age = int(LASTS.total_seconds()) if token else 0
        response.set_cookie(
            cookie_name(), token, max_age=age, path="/", secure=secure, httponly=True, samesite="Lax"
        )
    return response


def init_app(app: Flask) -> None:
    app.after_request(send_cookie)
