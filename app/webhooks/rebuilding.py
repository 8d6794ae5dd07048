"""Make one mail again of the fields into which Mailgun has taken it apart, so that one path reads them all. Pure."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from app.mail.headers import clean_line, read_parameters

# Headers that describe the body's form, which is ours now.
_REPLACED = {
    "content-type",
    "content-transfer-encoding",
    "mime-version",
    "content-disposition",
    "content-length",
}
_NAME = re.compile(r"[!-9;-~]{1,100}")


@dataclass(frozen=True)
class File:
    """One attachment as the form carries it."""

    name: str
    content_type: str
    content_id: str
    data: bytes


def rebuild(headers_json: str, plain: str, html: str, files: Sequence[File]) -> bytes:
    """Give the mail as MIME. Unreadable headers are left out; the bodies and files are always kept."""
    fields = _fields(headers_json)
    boundary, inner = f"mixed-{secrets.token_hex(12)}", f"alternative-{secrets.token_hex(12)}"
    report = _report_type(fields)
    lines = [f"{name}: {clean_line(value)}" for name, value in fields if name.lower() not in _REPLACED]
    subtype = f'report; report-type="{report}"' if report else "mixed"
    lines += ["MIME-Version: 1.0", f'Content-Type: multipart/{subtype}; boundary="{boundary}"', ""]
    lines += [f"--{boundary}", f'Content-Type: multipart/alternative; boundary="{inner}"', ""]
    for kind, text in (("plain", plain), ("html", html)):
        if text:
            lines += [f"--{inner}", f"Content-Type: text/{kind}; charset=utf-8"]
            lines += ["Content-Transfer-Encoding: 8bit", "", text]
    lines += [f"--{inner}--"]
    for file in files:
        lines += [f"--{boundary}", *_enclosed(file)]
    lines += [f"--{boundary}--", ""]
    return "\r\n".join(lines).encode("utf-8", "replace")


def _fields(headers_json: str) -> list[tuple[str, str]]:
    try:
        pairs = json.loads(headers_json)
    except (ValueError, RecursionError):
        return []
    if not isinstance(pairs, list):
        return []
    return [
        (pair[0], pair[1])
        for pair in pairs
        if isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(each, str) for each in pair)
        and _NAME.fullmatch(pair[0])
    ]


def _report_type(fields: list[tuple[str, str]]) -> str:
    """Keep a delivery report a report."""
    value = next((value for name, value in fields if name.lower() == "content-type"), "")
    main, parameters = read_parameters(value)
    kind = parameters.get("report-type", "")
    return kind if main == "multipart/report" and re.fullmatch(r"[a-z-]{1,50}", kind) else ""


def _enclosed(file: File) -> list[str]:
    known = re.fullmatch(r"[\w.+-]{1,80}/[\w.+-]{1,120}", file.content_type)
    name = base64.b64encode(clean_line(file.name)[:300].encode("utf-8", "replace")).decode("ascii")
    identifier = clean_line(file.content_id).strip("<>").replace(" ", "")[:250]
    lines = [f"Content-Type: {file.content_type if known else 'application/octet-stream'}"]
    disposition = "inline" if identifier else "attachment"
    lines += [f'Content-Disposition: {disposition}; filename="=?utf-8?B?{name}?="']
    lines += [f"Content-ID: <{identifier}>"] if identifier else []
    body = base64.encodebytes(file.data).decode("ascii").replace("\n", "\r\n")
    return [*lines, "Content-Transfer-Encoding: base64", "", body]
