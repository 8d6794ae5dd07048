"""Read delivery reports (RFC 3464) and the bounces of servers that never read it."""

from __future__ import annotations

import re

from app.mail import mime
from app.mail.headers import Headers, clean_line, read_block, read_identifiers
from app.mail.inbound import Dsn
from app.mail.mailboxes import read_address
from app.mail.mime import Leaf

MAX_REPORT = 100_000
MAX_RECIPIENTS = 50
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_CODE = re.compile(r"\b(?:smtp;\s*)?([45])\d\d\b")
_QUOTED_ID = re.compile(r"^[ \t>]{0,8}message-id:\s{0,5}(<[^<>\s]{1,500}>)", re.I | re.M)
_NAMED_RECIPIENT = re.compile(r"^\s{0,8}<?([^<>\s]{1,64}@[^<>\s:]{1,200})>?:?\s*$", re.M)
_ORIGINAL_TYPES = {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global"}
_ACTIONS = {"failed", "delayed", "delivered", "relayed", "expanded"}


def read(data: bytes, top: Headers, leaves: list[Leaf], text: str) -> Dsn | None:
    """Give what the report says of its first failed recipient; None if the mail holds no report."""
    report = next((leaf for leaf in leaves if leaf.content_type == "message/delivery-status"), None)
    if report is None and not top.has("X-Failed-Recipients"):
        return None
    recipients = _recipients(_bytes(data, report)) if report else []
    chosen = next((one for one in recipients if _action(one) == "failed"), None)
    chosen = chosen or (recipients[0] if recipients else Headers([]))
    diagnostic = chosen.line("Diagnostic-Code", 500) or clean_line(text[:300])
    address = _recipient(chosen) or read_address(top.first("X-Failed-Recipients"))
    status = _find_status(chosen.first("Status"), diagnostic)
    action = _action(chosen) or ("delayed" if status.startswith("4") else "failed")
    return Dsn(address, action, status, diagnostic, original_message_id(data, leaves, text))


def read_prose(data: bytes, leaves: list[Leaf], text: str) -> Dsn:
    """Read a bounce that is only prose, as qmail and old Exchange write them, as far as it goes."""
    named = _NAMED_RECIPIENT.search(text[:MAX_REPORT])
    diagnostic = clean_line(text[named.end() : named.end() + 300] if named else text[:300])
    status = _find_status("", diagnostic)
    action = "delayed" if status.startswith("4") else "failed"
    recipient = read_address(named.group(1)) if named else ""
    return Dsn(recipient, action, status, diagnostic, original_message_id(data, leaves, text))


def original_message_id(data: bytes, leaves: list[Leaf], text: str) -> str:
    """Find the Message-ID of the mail a report returns: its returned headers, else a quotation of them."""
    for leaf in leaves:
        if leaf.content_type in _ORIGINAL_TYPES:
            found = read_identifiers(read_block(_bytes(data, leaf).lstrip())[0].first("Message-ID"))
            if found:
                return found[0]
    quoted = _QUOTED_ID.search(text[:MAX_REPORT])
    return read_identifiers(quoted.group(1))[0] if quoted else ""


def _bytes(data: bytes, leaf: Leaf) -> bytes:
    raw = data[leaf.start : min(leaf.end, leaf.start + MAX_REPORT)]
    return mime.decode_transfer(raw, leaf.headers.first("Content-Transfer-Encoding"))


def _recipients(report: bytes) -> list[Headers]:
    """Read the blocks after the first, which is about the message and not a recipient."""
    blocks: list[Headers] = []
    at = 0
    report = report.strip(b"\r\n") + b"\n"
    while at < len(report) and len(blocks) < MAX_RECIPIENTS:
        block, after = read_block(report, at)
        if after <= at:
            break
        at = after
        if block.has("Final-Recipient") or block.has("Original-Recipient") or block.has("Action"):
            blocks.append(block)
    return blocks


def _action(block: Headers) -> str:
    word = block.first("Action").partition("(")[0].strip().lower()
    return word if word in _ACTIONS else ""


def _recipient(block: Headers) -> str:
    for name in ("Original-Recipient", "Final-Recipient"):
        address = read_address(block.first(name).partition(";")[2])
        if address:
            return address
    return ""


def _find_status(status: str, diagnostic: str) -> str:
    found = _STATUS.search(status[:50]) or _STATUS.search(diagnostic)
    if found:
        return found.group(1)
    code = _CODE.search(diagnostic)
    return f"{code.group(1)}.0.0" if code else ""
