"""Whether mail gets in and out: the transport answers, and DNS says what other mail servers look for."""

from collections.abc import Iterator
from typing import Any

import dns.exception
import dns.resolver
from flask import current_app

from app.commands.findings import Finding, fail, ok, warn
from app.mail.transports import Permanent, Temporary, Transport

PATIENCE = 4.0  # seconds for one DNS question


def transport() -> Iterator[Finding]:
    """The way out answers."""
    way: Transport = current_app.extensions["mail_transport"]
    name = current_app.config["MAIL_TRANSPORT"]
    try:
        words = way.check()
    except (Temporary, Permanent) as error:
        yield fail("mail out", f"{name}: {error}", _WAYS.get(name, "check MAIL_TRANSPORT"))
        return
    yield ok("mail out", f"{name}: {words}")


def dns_records() -> Iterator[Finding]:
    """MX, SPF, DMARC of the mail domain (RFC 5321, 7208, 7489); DKIM where the provider tells."""
    domain = str(current_app.config["MAIL_DOMAIN"])
    if domain.endswith((".localhost", ".test", ".example", ".invalid")):
        yield warn("dns", f"{domain} is no public domain", "set MAIL_DOMAIN to one of yours")
        return
    try:
        yield _mx(domain)
        yield _text(domain, "v=spf1", "spf", f"{domain} TXT, naming the servers that send for it")
        yield _text(f"_dmarc.{domain}", "v=DMARC1", "dmarc", f"_dmarc.{domain} TXT v=DMARC1; p=none to begin")
    except dns.exception.DNSException as error:
        yield warn("dns", f"cannot be asked: {type(error).__name__}", "check this machine's resolver")
        return
    if current_app.config["MAIL_TRANSPORT"] == "mailgun":
        yield ok("dkim", "Mailgun watches it: see mail out")
    else:
        yield warn(
            "dkim",
            "its selector is your mail server's choice",
            "send flask mail test to an address elsewhere, and look there for dkim=pass",
        )


def _mx(domain: str) -> Finding:
    servers = [str(each.exchange).rstrip(".") for each in _ask(domain, "MX")]
    if servers:
        return ok("mx", f"mail for {domain} goes to {', '.join(sorted(servers))}")
    return fail("mx", f"{domain} has no MX: no mail comes in", f"add MX records of your provider to {domain}")


def _text(name: str, begins: str, about: str, wanted: str) -> Finding:
    texts = [b"".join(each.strings).decode("ascii", "replace") for each in _ask(name, "TXT")]
    found = [text for text in texts if text.lower().startswith(begins.lower())]
    if len(found) == 1:
        return ok(about, found[0][:100])
    if found:
        return fail(about, f"{name} has {len(found)} records; receivers then ignore all", "keep one of them")
    return warn(about, f"{name} has none: mail may end up as spam", f"add {wanted}")


def _ask(name: str, kind: str) -> list[Any]:
    try:
        return list(dns.resolver.resolve(name, kind, lifetime=PATIENCE))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []


_WAYS = {
    "smtp": "check SMTP_URL, and that this machine may reach the server",
    "mailgun": "check MAILGUN_API_KEY, MAILGUN_DOMAIN and MAILGUN_API_BASE, and the domain's page at Mailgun",
}
