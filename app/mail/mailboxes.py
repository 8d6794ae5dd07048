"""Read address lists (RFC 5322 section 3.4) as mail really holds them, one character at a time."""

from __future__ import annotations

import re

from app.mail.headers import clean_line, decode_words
from app.mail.inbound import Mailbox

MAX_MAILBOXES = 100
_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\\[\]]{1,64}@[^\s@<>(),;:\"\\\[\]_]{1,253}")


def read_mailboxes(value: str, limit: int = MAX_MAILBOXES) -> tuple[list[Mailbox], bool]:
    """Read a From, To or Cc field; gives the mailboxes and whether some were left off or unreadable.

    Names are decoded only after the list is split, so an encoded comma or bracket stays part of a name
    (the fault of CVE-2023-27043 was the other way round).
    """
    found: list[Mailbox] = []
    incomplete = False
    for piece in _split(value):
        if len(found) >= limit:
            return found, True
        if not piece.strip():
            continue
        mailbox = _read_one(piece)
        if mailbox:
            found.append(mailbox)
        else:
            incomplete = incomplete or not piece.strip().endswith(":")
    return found, incomplete


def read_address(value: str) -> str:
    """Give the one bare address of a field such as Return-Path or Delivered-To, or ''."""
    mailboxes, _ = read_mailboxes(value[:2_000], 1)
    return mailboxes[0][1] if mailboxes else ""


def is_address(value: str) -> bool:
    """Tell whether `value` is one plain address: a local part, an at sign and a domain with no blanks."""
    return bool(_ADDRESS.fullmatch(value))


def _split(value: str) -> list[str]:
    """Cut at commas, semicolons and group colons outside quotes, comments and angle brackets."""
    pieces, start, quoted, comments, angle, escaped = [], 0, False, 0, False, False
    for at, letter in enumerate(value):
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif quoted:
            quoted = letter != '"'
        elif letter == '"':
            quoted = True
        elif letter == "(":
            comments += 1
        elif letter == ")":
            comments = max(0, comments - 1)
        elif comments:
            continue
        elif letter == "<":
            angle = True
        elif letter == ">":
            angle = False
        elif not angle and letter in ",;:":
            pieces.append(value[start : at + (letter == ":")])
            start = at + 1
    # An unclosed quote or comment must not swallow the people after it.
    rest = value[start:]
    return pieces + (re.split("[,;]", rest) if quoted or comments else [rest])


def _read_one(piece: str) -> Mailbox | None:
    piece = piece.strip()
    opened = piece.rfind("<")
    if opened >= 0:
        address, _, after = piece[opened + 1 :].partition(">")
        name = piece[:opened]
        if "<" in _without_quotes(name) or "@" in after:
            return None
    else:
        address, _, comment = piece.partition("(")
        name = comment.rpartition(")")[0]
    address = re.sub(r"\s", "", address).strip("'\"").lower()
    if address.startswith("@") and ":" in address:
        address = address.partition(":")[2]  # an obsolete source route, RFC 5322 section 4.4
    if not _ADDRESS.fullmatch(address):
        return None
    return _clean_name(name), clean_line(address)


def _without_quotes(text: str) -> str:
    return re.sub(r'"[^"]*"', "", text)


def _clean_name(name: str) -> str:
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return clean_line(decode_words(name.replace('"', "")))[:200].strip("'")
