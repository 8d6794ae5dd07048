"""Links mailed to a user: 256 random bits of which only the hash is kept, good for one thing, once, for a while."""

import hashlib
import secrets
from datetime import timedelta

import sqlalchemy as sa

from app.auth.models import AccountLink, LinkKind, User
from app.extensions import db, new_id, now

LASTS = timedelta(hours=1)


class LinkEnded(Exception):
    """The link was used, withdrawn, has expired, or never was one of ours."""


def issue(kind: LinkKind, user: User, email: str) -> tuple[AccountLink, str]:
    """A new link and its token, which is known to nobody else from here on. Earlier ones go on until one is used."""
    db.session.execute(sa.delete(AccountLink).where(AccountLink.expires_at < now() - LASTS))
    token = secrets.token_urlsafe(32)
    link = AccountLink(
        id=new_id(),
        kind=kind,
        token_hash=hash_of(token),
        user_id=user.id,
        email=email,
        expires_at=now() + LASTS,
    )
    db.session.add(link)
    db.session.flush()
    return link, token


def find(kind: LinkKind, token: str) -> AccountLink:
    """The link, still good; looking changes nothing. Raises LinkEnded."""
    found = db.session.scalar(
        sa.select(AccountLink).where(AccountLink.token_hash == hash_of(token), *_good(kind))
    )
    if found is None or not found.user.is_active:
        raise LinkEnded
    return found


def take(link: AccountLink) -> None:
    """Use the link up, and its siblings with it: of any number at once, one gets it. Raises LinkEnded."""
    mine = sa.update(AccountLink).where(AccountLink.id == link.id, *_good(link.kind)).values(used_at=now())
    if db.session.scalar(mine.returning(AccountLink.id)) is None:
        raise LinkEnded
    withdraw(link.user_id, link.kind)


def withdraw(user_id: object, *kinds: LinkKind) -> None:
    """End all the user's links of these kinds; all there are unless some are named."""
    db.session.execute(
        sa.update(AccountLink)
        .where(
            AccountLink.user_id == user_id,
            AccountLink.kind.in_(kinds or tuple(LinkKind)),
            AccountLink.used_at.is_(None),
        )
        .values(used_at=now())
        .execution_options(synchronize_session=False)
    )


def hash_of(token: str) -> str:
    """What the database keeps of a token. Without salt: nobody guesses 256 bits."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _good(kind: LinkKind) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        AccountLink.kind == kind,
        AccountLink.used_at.is_(None),
        AccountLink.expires_at > sa.func.now(),
    )
