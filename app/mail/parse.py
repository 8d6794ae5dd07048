"""Turn the bytes of one mail into an `Inbound`: pure, bounded, and never surprised by what it is given."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from datetime import datetime
from typing import Any

from app.mail import classify, content, dsn, headers, mailboxes, mime
from app.mail.classify import Facts
from app.mail.headers import Headers
from app.mail.inbound import Auth, Inbound, Kind, Mailbox, Part
from app.mail.mime import Leaf

MAX_SUBJECT = 500
MAX_RECIPIENTS = 100
_CALENDAR_METHOD = re.compile(rb"^METHOD:([A-Z]{1,20})\s*$", re.M | re.I)
_DKIM_DOMAIN = re.compile(r"(?:^|;)\s*d\s*=\s*([A-Za-z0-9.-]{1,253})")
_DELIVERED = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Forwarded-To")


def parse(raw: bytes, now: datetime | None = None) -> Inbound:
    """Read one mail as received. `now` caps a Date in the future; bad input gives notes, not errors.

    Bodies are decoded but the HTML is not sanitised, and nothing is stripped from a reply: see `prepare`.
    """
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    raw = raw.lstrip(b"\r\n\xef\xbb\xbf")
    top, leaves, notes = mime.split(raw)
    body = content.read(raw, leaves)
    people = _read_people(top)
    text, markup = body.text(), body.html()
    subject, cut = _subject(top)
    report = dsn.read(raw, top, leaves, text)
    facts = _facts(raw, top, leaves, people, subject, report)
    kind, reason = classify.classify(top, facts)
    if kind in (Kind.BOUNCE, Kind.DELAY) and report is None:
        report = dsn.read_prose(raw, leaves, text)
    return Inbound(
        **_envelope(raw, top, people, now),
        subject=subject,
        return_path=facts.return_path,
        text=text,
        html=markup,
        attachments=tuple(_mark_inline(body.attachments, markup)),
        kind=kind,
        kind_reason=reason,
        dsn=report,
        received_count=facts.received_count,
        flags=tuple(body.flags),
        problems=tuple(people.problems),
        notes=tuple(dict.fromkeys([*notes, *body.notes, *people.notes, *cut])),
    )


class _People:
    """Who wrote a mail and to whom."""

    def __init__(self) -> None:
        self.author: Mailbox = ("", "")
        self.to: list[Mailbox] = []
        self.cc: list[Mailbox] = []
        self.problems: list[str] = []
        self.notes: list[str] = []


def _envelope(raw: bytes, top: Headers, people: _People, now: datetime | None) -> dict[str, Any]:
    """What the header fields say of the mail as a letter: who, to whom, when, in answer to what."""
    identifiers = headers.read_identifiers(" ".join(top.all("Message-ID")))
    synthetic = len(set(identifiers)) != 1
    return {
        "message_id": _synthetic_id(raw, top) if synthetic else identifiers[0],
        "synthetic": synthetic,
        "in_reply_to": next(iter(headers.read_identifiers(top.first("In-Reply-To"))), ""),
        "references": tuple(_references(top)),
        "from_address": people.author[1],
        "from_name": people.author[0],
        "reply_to": tuple(mailboxes.read_mailboxes(top.first("Reply-To"), 10)[0]),
        "sender": mailboxes.read_address(top.first("Sender")),
        "to": tuple(people.to),
        "cc": tuple(people.cc),
        "delivered_to": tuple(_delivered_to(top)),
        "date": headers.read_date(top.first("Date"), now),
        "auth": _auth(top),
        "list_id": top.line("List-Id", 200),
        "thread_topic": top.line("Thread-Topic", MAX_SUBJECT),
        "thread_index": top.line("Thread-Index", 200).replace(" ", ""),
        "loop_marks": tuple(top.line(name, 200) for name in ("X-Loop", "X-WT-Instance") if top.has(name)),
        "suppress_auto_response": classify.suppresses_auto_response(top),
    }


def _read_people(top: Headers) -> _People:
    people = _People()
    authors: list[Mailbox] = []
    for value in top.all("From")[:10]:
        found, incomplete = mailboxes.read_mailboxes(value, 10)
        authors.extend(found)
        if incomplete:
            people.problems.append("unreadable_from")
    if len({address for _, address in authors}) > 1 or len(top.all("From")) > 1:
        people.problems.append("multiple_from")
    if not authors:
        people.problems.append("no_from")
    elif "unreadable_from" not in people.problems:
        people.author = authors[0]
    for name, target in (("To", people.to), ("Cc", people.cc)):
        for value in top.all(name)[:20]:
            found, incomplete = mailboxes.read_mailboxes(value, MAX_RECIPIENTS - len(target))
            target.extend(found)
            if incomplete:
                people.notes.append(f"some addresses in {name} were left out")
    return people


def _subject(top: Headers) -> tuple[str, list[str]]:
    subject = headers.clean_line(headers.decode_words(top.first("Subject")))
    if len(subject) <= MAX_SUBJECT:
        return subject, []
    return subject[: MAX_SUBJECT - 1] + "…", ["subject truncated"]


def _references(top: Headers) -> list[str]:
    return list(dict.fromkeys(headers.read_identifiers(" ".join(top.all("References")))))


def _synthetic_id(raw: bytes, top: Headers) -> str:
    # Trace fields differ between two deliveries of one mail, so only what its author wrote is hashed.
    digest = hashlib.sha256()
    for name in ("From", "Date", "Subject", "Message-ID"):
        digest.update("\0".join(top.all(name)).encode("utf-8", "replace") + b"\0\0")
    digest.update(raw[headers.read_block(raw)[1] :])
    return f"{digest.hexdigest()[:40]}@synthetic.invalid"


def _delivered_to(top: Headers) -> list[str]:
    values = [value for name in _DELIVERED for value in top.all(name)[:20]]
    return [address for address in map(mailboxes.read_address, values) if address]


def _facts(
    raw: bytes, top: Headers, leaves: list[Leaf], people: _People, subject: str, report: dsn.Dsn | None
) -> Facts:
    content_type, parameters = mime.read_type(top)
    return Facts(
        from_address=people.author[1],
        return_path=_return_path(top),
        subject=subject,
        content_type=content_type,
        parameters=parameters,
        part_types=tuple({leaf.content_type for leaf in leaves}),
        calendar_method=_calendar_method(raw, leaves),
        received_count=len(top.all("Received")),
        dsn=report,
    )


def _return_path(top: Headers) -> str | None:
    """Give the envelope sender; '' means the null sender of a report, None that it is not known."""
    value = top.first("Return-Path").strip()
    return "" if value == "<>" else (mailboxes.read_address(value) or None)


def _calendar_method(raw: bytes, leaves: list[Leaf]) -> str:
    for leaf in leaves:
        if leaf.content_type == "text/calendar":
            data = raw[leaf.start : min(leaf.end, leaf.start + 8_000)]
            found = _CALENDAR_METHOD.search(
                mime.decode_transfer(data, leaf.headers.first("Content-Transfer-Encoding"))
            )
            inside = found.group(1).decode("ascii") if found else ""
            return (leaf.parameters.get("method") or inside).upper()[:20]
    return ""


def _auth(top: Headers) -> Auth:
    return Auth(
        authentication_results=tuple(value[:2_000] for value in top.all("Authentication-Results")[:10]),
        received_spf=tuple(headers.clean_line(value)[:500] for value in top.all("Received-SPF")[:10]),
        mailgun_spf=tuple(value[:50].strip().lower() for value in top.all("X-Mailgun-Spf")[:5]),
        mailgun_dkim=tuple(
            value[:50].strip().lower() for value in top.all("X-Mailgun-Dkim-Check-Result")[:5]
        ),
        dkim_domains=tuple(_signing_domain(value) for value in top.all("DKIM-Signature")[:10]),
        spam_flag=top.line("X-Mailgun-Sflag", 20) or top.line("X-Spam-Flag", 20),
        spam_score=top.line("X-Mailgun-Sscore", 20) or top.line("X-Spam-Score", 20),
    )


def _signing_domain(signature: str) -> str:
    """Give the d= tag of a DKIM signature (RFC 6376 section 3.5), lower-case."""
    found = _DKIM_DOMAIN.search(signature[:1_000])
    return found.group(1).lower() if found else ""


def _mark_inline(attachments: list[Part], markup: str) -> list[Part]:
    """Count as inline only what the HTML really shows; the rest must stay visible as attachments."""
    lowered = markup.lower()
    shown = [bool(part.content_id) and f"cid:{part.content_id.lower()}" in lowered for part in attachments]
    return [dataclasses.replace(part, inline=seen) for part, seen in zip(attachments, shown, strict=True)]
