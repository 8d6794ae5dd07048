"""Signing in with an address and a password. Whatever is wrong, the answer and the time it takes are the same."""

import sqlalchemy as sa
import structlog

from app.auth import passwords, throttling
from app.auth.models import User
from app.extensions import db

log = structlog.get_logger()


class WrongCredentials(Exception):
    """No active user has this address and password; which of the three it is, nobody is told."""


def authenticate(email: str, password: str, address: str) -> User:
    """The user with these credentials, asked from the address. Raises WrongCredentials or Throttled."""
    email = normal_email(email)
    throttling.count_sign_in(email, address)
    user = find_user(email)
    right = passwords.matches(user.password_hash if user else None, password)
    if user is None or not right or not user.is_active:
        log.info("sign_in.refused", address=throttling.network(address))
        raise WrongCredentials
    if passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hashed(password)
    throttling.forgive(email, address)
    return user


def find_user(email: str) -> User | None:
    """The user with the address, in any case."""
    return db.session.scalar(sa.select(User).where(User.email == normal_email(email)))


def normal_email(email: str) -> str:
    """The address as users have it: lower case, without what PostgreSQL cannot hold."""
    return email.strip().lower().replace("\x00", "")
