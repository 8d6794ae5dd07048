"""Passwords: hashed with argon2id, checked in the same time whether there is such a user or not."""

import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = (
    10,
    128,
)  # characters; longer ones would only cost us time (NIST SP 800-63B 3.1.1.2 asks for 64)

# OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes. Many at once still fit a small machine.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hashed(password: str) -> str:
    """The hash to store. Raises ValueError for a password that is too long."""
    if len(password) > LONGEST:
        raise ValueError("the password is too long")
    return _hasher.hash(_normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one. Without a stored one the same work is done, and the answer is no."""
    if len(password) > LONGEST:
        return False
    try:
        return _hasher.verify(stored or _nobodys(), _normal(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def is_common(password: str, *own: str) -> bool:
    """Whether the password is among the first tries of an attacker: common, monotonous, or the person's own data."""
    plain = _normal(password).lower()
    return plain in _common() or len(set(plain)) < 4 or plain in {each.lower() for each in own if each}


def _normal(password: str) -> str:
    """The same password whatever keyboard typed its accents (NIST SP 800-63B 3.1.1.2: NFKC)."""
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys() -> str:
    return _hasher.hash("the password of nobody")


@cache
def _common() -> frozenset[str]:
    return frozenset((Path(__file__).parent / "common_passwords.txt").read_text().split("\n"))
