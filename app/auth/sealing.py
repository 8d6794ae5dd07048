"""Sealing what must be read again but never lie open in the database: encrypted under a key made of SECRET_KEY."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app


class Unreadable(Exception):
    """Sealed under another SECRET_KEY, or damaged."""


def seal(text: str, purpose: str) -> bytes:
    """The text encrypted and authenticated (Fernet); it opens for the same purpose only."""
    return _box(purpose).encrypt(text.encode())


def unseal(sealed: bytes, purpose: str) -> str:
    """The text that was sealed for the purpose. Raises Unreadable."""
    try:
        return _box(purpose).decrypt(sealed).decode()
    except InvalidToken as error:
        raise Unreadable(f"what was sealed for {purpose} does not open: was SECRET_KEY changed?") from error


def key_for(purpose: str) -> bytes:
    """32 bytes of SECRET_KEY for one purpose alone (HKDF, RFC 5869)."""
    secret = current_app.config["SECRET_KEY"].encode()
    return HKDF(SHA256(), 32, salt=None, info=f"worktrackr {purpose}".encode()).derive(secret)


def _box(purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key_for(purpose)))
