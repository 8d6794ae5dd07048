"""Signed-in browsers: a random token in a host-only cookie, its hash and everything else in PostgreSQL."""

import secrets
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
import structlog
from flask import Flask, Request, Response, current_app, g, request

from app.auth import half_sessions
from app.auth.links import hash_of
from app.auth.models import Session, User
from app.extensions import db, login, now

LASTS = timedelta(days=14)
SEEN_EVERY = timedelta(minutes=5)  # how exact "last seen" is; each look would otherwise be a write


def start(user: User) -> Session:
    """Sign the user in on this browser, under a new token whatever the browser sent before."""
    end_current()
    token = secrets.token_urlsafe(32)
    session = Session(
        token_hash=hash_of(token),
        user_id=user.id,
        host=request.host,
        address=request.remote_addr,
        user_agent=request.user_agent.string[:300],
        expires_at=now() + LASTS,
    )
    db.session.add(session)
    g.session_token = token
    return session


def end_current() -> None:
    """Sign this browser out."""
    token = request.cookies.get(cookie_name())
    if token:
        db.session.execute(
            sa.update(Session)
            .where(Session.token_hash == hash_of(token), Session.ended_at.is_(None))
            .values(ended_at=now())
        )
    g.session_token = ""


def end_all(user: User) -> None:
    """Sign the user out everywhere: after a new password, a new address or role, or an operator's word."""
    half_sessions.end_all(user)
    db.session.execute(_live(user).values(ended_at=now()))


def end_others(user: User) -> None:
    """Sign the user out on every browser but this one."""
    half_sessions.end_all(user)
    db.session.execute(_live(user).where(Session.id != g.session.id).values(ended_at=now()))


def end_one(user: User, session_id: UUID) -> bool:
    """Sign the user out on one browser. False where there is no such session of theirs."""
    ended = _live(user).where(Session.id == session_id).values(ended_at=now())
    return db.session.scalar(ended.returning(Session.id)) is not None


def live_sessions(user: User) -> "sa.Select[Session]":
    """The browsers the user is signed in with, the one used last first."""
    return (
        sa.select(Session)
        .where(Session.user_id == user.id, Session.ended_at.is_(None), Session.expires_at > sa.func.now())
        .order_by(Session.seen_at.desc(), Session.id.desc())
    )


def _live(user: User) -> sa.Update:
    return sa.update(Session).where(Session.user_id == user.id, Session.ended_at.is_(None))


@login.request_loader
def load_user(incoming: Request) -> User | None:
    """The user of the request's session: alive, of this very host, and not disabled."""
    token = incoming.cookies.get(cookie_name())
    if not token:
        return None
    session = db.session.scalar(
        sa.select(Session).where(
            Session.token_hash == hash_of(token),
            Session.host == incoming.host,
            Session.ended_at.is_(None),
            Session.expires_at > sa.func.now(),
        )
    )
    if session is None or not session.user.is_active:
        return None
    g.session = session
    _touch(session)
    structlog.contextvars.bind_contextvars(user=str(session.user_id))
    return session.user


def _touch(session: Session) -> None:
    """Note that the session is in use, apart from the request's transaction, which may still be undone."""
    if session.seen_at > now() - SEEN_EVERY:
        return
    with db.engine.begin() as connection:
        connection.execute(sa.update(Session).where(Session.id == session.id).values(seen_at=now()))


def cookie_name() -> str:
    """`__Host-` makes browsers hold the cookie to this very host and to https; plain http has to do without."""
    return "__Host-worktrackr" if current_app.config["WORKTRACKR"].is_https else "worktrackr"


def send_cookie(response: Response) -> Response:
    """Hand the browser the token of a session started in this request, or take the old one away."""
    token = g.pop("session_token", None)
    if token is None:
        return response
    secure = current_app.config["WORKTRACKR"].is_https
    age = int(LASTS.total_seconds()) if token else 0
    response.set_cookie(
        cookie_name(), token, max_age=age, path="/", secure=secure, httponly=True, samesite="Lax"
    )
    return response


def init_app(app: Flask) -> None:
    app.after_request(send_cookie)
    half_sessions.init_app(app)
