"""Registering: ask, show that the mailbox is one's own, confirm. A stranger never learns who has an account."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from app.auth import passwords
from app.auth.credentials import AddressTaken, add_user
from app.auth.links import LinkEnded, hash_of
from app.auth.models import User
from app.auth.signing_in import find_user, normal_email
from app.extensions import db, new_id, now
from app.organisations.context import organisations_of
from app.organisations.models import Organisation
from app.signup.models import Registration
from app.signup.opening import open_organisation

LASTS = timedelta(hours=24)
SAME = timedelta(minutes=10)  # within it, the same person opening the same name again is a second click


class AlreadyRegistered(Exception):
    """Since the link was sent, the address has got an account."""


@dataclass(frozen=True)
class Asked:
    """What the registration form says."""

    email: str
    name: str
    password: str
    organisation_name: str


def ask(asked: Asked) -> tuple[Registration, str | None]:
    """Note the registration. The second value is the link's token; none where the address has an account.

    Both ways do the same work, so that the time tells nothing either.
    """
    db.session.execute(sa.delete(Registration).where(Registration.expires_at < now()))
    token = secrets.token_urlsafe(32)
    registration = Registration(
        id=new_id(),
        token_hash=hash_of(token),
        email=normal_email(asked.email),
        name=asked.name,
        password_hash=passwords.hashed(asked.password),
        organisation_name=asked.organisation_name,
        expires_at=now() + LASTS,
    )
    db.session.add(registration)
    db.session.flush()
    return registration, None if find_user(registration.email) else token


def find(token: str) -> Registration:
    """The registration the link belongs to. Raises LinkEnded."""
    found = db.session.scalar(
        sa.select(Registration).where(
            Registration.token_hash == hash_of(token),
            Registration.used_at.is_(None),
            Registration.expires_at > sa.func.now(),
        )
    )
    if found is None:
        raise LinkEnded
    return found


def confirm(registration: Registration) -> tuple[User, Organisation]:
    """Make the user and open the organisation, once. Raises LinkEnded or AlreadyRegistered."""
    used = sa.update(Registration).where(Registration.id == registration.id, Registration.used_at.is_(None))
    taken = db.session.execute(used.values(used_at=now()).returning(Registration.id)).one_or_none()
    if taken is None:
        raise LinkEnded
    try:
        user = add_user(registration.email, registration.name, registration.password_hash)
    except AddressTaken as error:
        raise AlreadyRegistered from error
    return user, open_organisation(registration.organisation_name, admin=user)


def open_further(user: User, name: str) -> Organisation:
    """Open another organisation for somebody who has an account. A second click gets the first one's."""
    db.session.execute(sa.select(User.id).where(User.id == user.id).with_for_update())
    for mine in organisations_of(user.id):
        if mine.name == name and mine.created_at > now() - SAME:
            return mine
    return open_organisation(name, admin=user)
