"""Codes of a second factor: six digits from an app (TOTP, RFC 6238) and recovery codes on paper. Pure."""

import hashlib
import hmac
import re
import secrets

import pyotp

PERIOD = 30  # seconds
SLACK = 1  # periods that a phone's clock may be off, either way (RFC 6238 section 5.2 advises at most one)
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
GROUPS, GROUP = 3, 5  # 15 letters of 31: 74 bits
RECOVERY_CODES = 10


def new_secret() -> str:
    """A secret to share with the app: 160 random bits in base32, as RFC 4226 section 4 recommends."""
    return pyotp.random_base32(32)


def address(secret: str, email: str, issuer: str) -> str:
    """What the QR code says: the `otpauth://` address that apps read."""
    return pyotp.TOTP(secret, interval=PERIOD).provisioning_uri(name=email, issuer_name=issuer)


def counter_of(secret: str, code: str, at: float, after: int) -> int | None:
    """The number of the period whose code this is, within the slack around `at` (seconds) and later than `after`.

    None for a wrong code and for one whose period was used: a code is good once, even within its half minute.
    """
    digits = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    generator = pyotp.HOTP(secret)
    present = int(at // PERIOD)
    for counter in range(present - SLACK, present + SLACK + 1):
        if hmac.compare_digest(generator.at(counter), digits) and counter > after:
            return counter
    return None


def new_recovery_codes() -> list[str]:
    """Ten codes such as `k4m2p-wq7rt-zc3xh`."""
    return ["-".join(_letters(GROUP) for _ in range(GROUPS)) for _ in range(RECOVERY_CODES)]


def recovery_hash(key: bytes, code: str) -> str:
    """What the database keeps of a recovery code, however it is typed: in capitals, without hyphens, with spaces."""
    plain = re.sub(r"[^a-z0-9]", "", code.lower())
    return hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()


def _letters(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))
