"""How far a mail's From can be believed: the verdicts of receivers we trust, compared with its domain. Pure."""

from __future__ import annotations

import re
from enum import StrEnum

from app.mail.inbound import Auth

_RESULT = re.compile(r"\b(dkim|spf|dmarc)\s*=\s*([a-z]{1,20})([^;]*)", re.I)
_PROPERTY = re.compile(
    r"\b(header\.d|header\.i|header\.from|smtp\.mailfrom)\s*=\s*\"?([^\s;\"]{1,300})", re.I
)
_PROPERTIES = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",), "dmarc": ("header.from",)}


class Verdict(StrEnum):
    """Whether somebody we trust vouches for the domain in From. NONE: nobody looked."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    NONE = "none"


def judge(auth: Auth, from_address: str, envelope_from: str, provider: str, trusted_host: str) -> Verdict:
    """Judge a From address. `provider` is who handed us the mail, `trusted_host` our own receiver's name.

    Anyone can write these header fields into a mail, so Mailgun's count only in what Mailgun sent and only
    where there is one, and Authentication-Results (RFC 8601 section 5) only at the top and from `trusted_host`.
    """
    domain = from_address.rpartition("@")[2]
    if not domain:
        return Verdict.FAIL
    if provider == "mailgun":
        return _mailgun(auth, domain, envelope_from)
    if trusted_host and auth.authentication_results:
        return _results(auth.authentication_results[0], domain, trusted_host)
    return Verdict.NONE


def is_aligned(domain: str, claimed: str) -> bool:
    """Tell whether two domains are the same or one lies inside the other (RFC 7489 section 3.1, relaxed)."""
    domain, claimed = domain.lower().rstrip("."), claimed.lower().rpartition("@")[2].rstrip(".")
    if "." not in domain or "." not in claimed:
        return False
    return domain == claimed or domain.endswith("." + claimed) or claimed.endswith("." + domain)


def _mailgun(auth: Auth, domain: str, envelope_from: str) -> Verdict:
    # Which of several signatures was checked is not said, so only a single one counts.
    signed = auth.mailgun_dkim == ("pass",) and len(auth.dkim_domains) == 1
    if signed and is_aligned(domain, auth.dkim_domains[0]):
        return Verdict.PASS
    if auth.mailgun_spf == ("pass",) and is_aligned(domain, envelope_from):
        return Verdict.PASS
    looked = bool(auth.mailgun_spf or auth.mailgun_dkim)
    return Verdict.FAIL if looked else Verdict.NONE


def _results(value: str, domain: str, trusted_host: str) -> Verdict:
    host, _, results = value.partition(";")
    if host.split()[:1] != [trusted_host]:
        return Verdict.NONE
    verdict = Verdict.NONE
    for method, result, rest in _RESULT.findall(results):
        passed = result.lower() == "pass"
        claimed = [
            value for name, value in _PROPERTY.findall(rest) if name.lower() in _PROPERTIES[method.lower()]
        ]
        if method.lower() == "dmarc" and result.lower() == "fail":
            return Verdict.FAIL
        if passed and any(is_aligned(domain, each) for each in claimed):
            verdict = Verdict.PASS
        elif verdict is Verdict.NONE:
            verdict = Verdict.FAIL
    return verdict
