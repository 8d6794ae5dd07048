"""Verifying what a provider sends: Mailgun's signature (its manual, "Securing Webhooks"). Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta

# Mailgun tries again for eight hours and may send the first timestamp each time.
OLDEST = timedelta(hours=12)
NEWEST = timedelta(minutes=5)
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_TOKEN = re.compile(r"[!-~]{1,200}")


def is_genuine(key: str, timestamp: str, token: str, signature: str, now: datetime) -> bool:
    """Tell whether Mailgun signed this timestamp (seconds since 1970) and token, not too long ago.

    The signature covers neither the recipient nor the mail: each token must also be taken only once.
    """
    if not key or not _TIMESTAMP.fullmatch(timestamp) or not _TOKEN.fullmatch(token):
        return False
    expected = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        return False
    age = now.timestamp() - int(timestamp)
    return -NEWEST.total_seconds() <= age <= OLDEST.total_seconds()
