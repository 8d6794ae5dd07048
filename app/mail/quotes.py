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
    lines = text.split("\n")
    cut = find_cut(lines) if text.strip() else None
    new_text, quoted, ratio = text, "", 0.0
    if cut:
        new_text = "\n".join(lines[: cut.line]).rstrip()
        quoted = "\n".join(lines[cut.line :]).strip("\n")
        ratio = _ratio(new_text, text)
        if not new_text.strip() or (ratio > MAX_REMOVED and not cut.certain):
            new_text, quoted, ratio = text, "", 0.0
    if not html.strip():
        return Reply(new_text, "", quoted, ratio)
    new_html, html_ratio = quotes_html.split(html)
    # One body cut and the other not means one of the two guesses was wrong: the uncut one is safe.
    if text.strip() and new_html == html and quoted and html_ratio < 0:
        return kept
    return Reply(new_text, new_html, quoted, max(ratio, html_ratio, 0.0))


def _ratio(new: str, old: str) -> float:
    whole = len(old.strip())
    return 1 - len(new.strip()) / whole if whole else 0.0
