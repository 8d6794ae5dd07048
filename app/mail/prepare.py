"""Everything risky that is done to one mail, in order: parse, split off quotations, sanitise. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from app import richtext
from app.mail import parse, quotes
from app.mail.inbound import Inbound, Reply

MAX_TAGS = 30_000


def prepare(raw: bytes, now: datetime | None = None) -> Inbound:
    """Parse a mail and make its bodies safe to store and show.

    The result's `html` is sanitised, its `text` is never empty where the HTML says something, and `reply`
    is the mail as an answer: whether it is one, only the reader of the thread knows.
    """
    inbound = _bounded(parse.parse(raw, now))
    text = inbound.text if inbound.text.strip() else _as_text(inbound.html)
    answer = quotes.split(text, inbound.html, first=False)
    is_whole = answer.html == inbound.html
    html = _sanitise(inbound.html)
    if is_whole:
        reply_html = html
    else:
        reply_html = _sanitise(answer.html)
    reply_text = answer.text
    if not is_whole and not inbound.text.strip():
        reply_text = _as_text(answer.html)
    return replace(
        inbound,
        text=text,
        html=html,
        reply=Reply(reply_text, reply_html, answer.quoted, answer.removed_ratio),
    )


def _bounded(inbound: Inbound) -> Inbound:
    """Cut HTML at a number of tags no person writes: what follows is linear in them, but not cheap."""
    if inbound.html.count("<") <= MAX_TAGS:
        return inbound
    at = -1
    for _ in range(MAX_TAGS):
        at = inbound.html.find("<", at + 1)
    return replace(inbound, html=inbound.html[:at] + "[…]", notes=(*inbound.notes, "HTML truncated"))


def _sanitise(html: str) -> str:
    return richtext.sanitise(html) if html.strip() else ""


def _as_text(html: str) -> str:
    return richtext.to_text(html) if html.strip() else ""
