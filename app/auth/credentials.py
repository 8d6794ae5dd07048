"""What a user signs in with, changed in one place each: everything begun with the old one ends at once."""

import sqlalchemy as sa

from app.auth import links, passwords, sessions
from app.auth.models import User
from app.extensions import db, new_id, now


class AddressTaken(Exception):
    """Another user has the address."""


def add_user(email: str, name: str, password_hash: str, **more: str) -> User:
    """A new user whose mailbox was shown to be theirs. Raises AddressTaken."""
    user = User(
        id=new_id(), email=email, name=name, password_hash=password_hash, email_verified_at=now(), **more
    )
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except sa.exc.IntegrityError as error:
        raise AddressTaken from error
    return user


def set_password(user: User, password: str) -> None:
    """Give the user a new password. Every session and every mailed link ends."""
    user.password_hash = passwords.hashed(password)
    sessions.end_all(user)
    links.withdraw(user.id)


def set_email(user: User, email: str) -> None:
    """Give the user a new address, shown to be theirs. Sessions and links end. Raises AddressTaken."""
    try:
        with db.session.begin_nested():
            user.email, user.email_verified_at = email, now()
    except sa.exc.IntegrityError as error:
        raise AddressTaken from error
    sessions.end_all(user)
    links.withdraw(user.id)
