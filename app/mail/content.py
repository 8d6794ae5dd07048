"""Read the leaves of a mail into its text, its HTML and its attachments."""

from __future__ import annotations

import html as html_escaping
import re
from dataclasses import dataclass, field

from app.mail import charsets, mime, names, tnef
from app.mail.flowed import unflow
from app.mail.headers import clean_line, read_parameters
from app.mail.inbound import Part
from app.mail.mime import Leaf

MAX_TEXT = 500_000
MAX_HTML = 1_000_000
MAX_ATTACHMENTS = 100
MAX_GUESSES = 3
_CUT = "\n[…]"
_BODY_TYPES = {"text/plain", "text/html", "text/enriched", "text/richtext"}
_TNEF_TYPES = {"application/ms-tnef", "application/vnd.ms-tnef"}


@dataclass
class Content:
    """What the leaves held. `texts` is one (plain, HTML) pair for each stretch of text, in order."""

    texts: dict[int, tuple[list[str], list[str]]] = field(default_factory=dict)
    attachments: list[Part] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Join the plain text of every stretch that has some."""
        pieces = ["\n".join(plain).strip("\n") for plain, _ in self.texts.values()]
        return "\n\n".join(piece for piece in pieces if piece)

    def html(self) -> str:
        """Join the HTML; a stretch that is only plain becomes preformatted, so that nothing is missing."""
        if not any(rich for _, rich in self.texts.values()):
            return ""
        pieces = []
        for plain, rich in self.texts.values():
            escaped = [f"<pre>{html_escaping.escape(text)}</pre>" for text in plain if text.strip()]
            pieces.extend(rich or escaped)
        return "\n".join(pieces)


def read(data: bytes, leaves: list[Leaf]) -> Content:
    """Decode each leaf once, as body or attachment, within the caps."""
    content = Content()
    for number, leaf in enumerate(leaves):
        _flag(content, leaf)
        if _is_body(leaf, alone=len(leaves) == 1):
            _read_body(content, data, leaf, leaf.group or -1 - number)
        elif len(content.attachments) >= MAX_ATTACHMENTS:
            content.notes.append("too many attachments")
        else:
            _read_attachment(content, data, leaf)
    if "-----BEGIN PGP MESSAGE-----" in content.text():
        content.flags.append("pgp_encrypted")
    content.flags = list(dict.fromkeys(content.flags))
    content.notes = list(dict.fromkeys(content.notes))
    return content


def _is_body(leaf: Leaf, alone: bool) -> bool:
    disposition, parameters = read_parameters(leaf.headers.first("Content-Disposition"))
    if leaf.content_type not in _BODY_TYPES or disposition == "attachment":
        return False
    named = "filename" in parameters or "name" in leaf.parameters
    return alone or not named


def _read_body(content: Content, data: bytes, leaf: Leaf, group: int) -> None:
    rich = leaf.content_type == "text/html"
    limit = MAX_HTML if rich else MAX_TEXT
    raw = data[leaf.start : min(leaf.end, leaf.start + limit * 4)]
    decoded = mime.decode_transfer(raw, leaf.headers.first("Content-Transfer-Encoding"))[: limit * 4]
    charset = leaf.parameters.get("charset") or (charsets.declared_in_html(decoded) if rich else None)
    text, note = charsets.decode(decoded, charset, guess=len(content.texts) < MAX_GUESSES)
    if note:
        content.notes.append(note)
    if leaf.parameters.get("format", "").lower() == "flowed" and not rich:
        text = unflow(text[:limit], leaf.parameters.get("delsp", "").lower() == "yes")
    if len(text) > limit or leaf.end - leaf.start > limit * 4:
        text = text[:limit] + _CUT
        content.notes.append("body truncated")
    plain, richer = content.texts.setdefault(group, ([], []))
    (richer if rich else plain).append(text)


def _read_attachment(content: Content, data: bytes, leaf: Leaf) -> None:
    raw = data[leaf.start : leaf.end]
    decoded = mime.decode_transfer(raw, leaf.headers.first("Content-Transfer-Encoding"))
    if leaf.content_type in _TNEF_TYPES and _unpack_tnef(content, decoded):
        return
    disposition, parameters = read_parameters(leaf.headers.first("Content-Disposition"))
    raw_name = parameters.get("filename") or leaf.parameters.get("name") or _subject_of(leaf, decoded)
    content_id = clean_line(leaf.headers.first("Content-ID")).strip("<> ")[:250]
    inside_related = "multipart/related" in leaf.parents
    inline = bool(content_id) and (inside_related or disposition == "inline")
    name = names.display_name(raw_name, leaf.content_type)
    kind = disposition if disposition in ("inline", "attachment") else ""
    content.attachments.append(Part(name, leaf.content_type, content_id, kind, decoded, inline))


def _subject_of(leaf: Leaf, decoded: bytes) -> str:
    """Name an attached message after its own subject."""
    if leaf.content_type != "message/rfc822":
        return ""
    subject = mime.read_block(decoded)[0].line("Subject", 100)
    return re.sub(r"[/\\]", "_", subject) + ".eml" if subject else "message.eml"


def _unpack_tnef(content: Content, blob: bytes) -> bool:
    unpacked = tnef.unpack(blob)
    if unpacked is None:
        content.notes.append("winmail.dat is damaged and was kept as it came")
        return False
    has_text = bool(content.text().strip())
    if not has_text and (unpacked.text or unpacked.html):
        plain, rich = content.texts.setdefault(0, ([], []))
        plain.extend([unpacked.text[:MAX_TEXT]] if unpacked.text else [])
        rich.extend([unpacked.html[:MAX_HTML]] if unpacked.html else [])
    for raw_name, data in unpacked.files[: MAX_ATTACHMENTS - len(content.attachments)]:
        name = names.display_name(raw_name, "application/octet-stream")
        content.attachments.append(Part(name, "application/octet-stream", "", "attachment", data, False))
    content.flags.append("tnef")
    return True


def _flag(content: Content, leaf: Leaf) -> None:
    if "multipart/signed" in leaf.parents:
        content.flags.append("signed")
    if "multipart/encrypted" in leaf.parents:
        content.flags.append("pgp_encrypted")
    if leaf.content_type in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        signed = "signed" in leaf.parameters.get("smime-type", "")
        content.flags.append("smime_signed" if signed else "smime_encrypted")
