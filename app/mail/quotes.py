"""Separate what someone wrote in a reply from what their mail program quoted below it."""

from __future__ import annotations

from app.mail import quotes_html
from app.mail.inbound import Reply
from app.mail.quotes_text import MAX_REMOVED, find_cut


def split(text: str, html: str, first: bool) -> Reply:
    """Give the new part of a mail. `html` is as received, not sanitised; either body may be ''.

    All is kept of a first mail, of answers between quoted lines, when nothing visible would be left, and
    when a guess would remove more than 90 %.
    """
    kept = Reply(text, html, "", 0.0)
    if first:
        return kept
    new_html, html_ratio = quotes_html.split(html) if html.strip() else ("", 0.0)
    # A mark in the HTML confirms what the wording of the text only suggests.
    new_text, quoted, ratio = _split_text(text, confirmed=html_ratio > 0)
    if html.strip() and text.strip() and quoted and html_ratio <= 0:
        # One body cut and the other not: one of the two was misread, and keeping all loses nothing.
        return kept
    return Reply(new_text, new_html, quoted, max(ratio, html_ratio, 0.0))


def _split_text(text: str, confirmed: bool) -> tuple[str, str, float]:
    """Give the new part, the quotation and the share removed."""
    lines = text.split("\n")
    cut = find_cut(lines) if text.strip() else None
    if cut is None:
        return text, "", 0.0
    new = "\n".join(lines[: cut.line]).rstrip()
    ratio = _ratio(new, text)
    if not new.strip() or (ratio > MAX_REMOVED and not (cut.certain or confirmed)):
        return text, "", 0.0
    return new, "\n".join(lines[cut.line :]).strip("\n"), ratio


def _ratio(new: str, old: str) -> float:
    whole = len(old.strip())
    return 1 - len(new.strip()) / whole if whole else 0.0
