"""Turns a letter into the bytes of a mail (RFC 5322, MIME), safe from header injection. Pure."""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime

from app.mail.letter import MAX_SUBJECT, File, Letter, Person, message_ids, safe_line

# RFC 5322 allows a line of 998 characters; together with its name the field stays on one line.
MAX_REFERENCES = 900
_IDENTIFIERS = frozenset({"message-id", "in-reply-to", "references", "thread-index", "list-unsubscribe"})
_MEDIA_TYPE = re.compile(r"(application|audio|font|image|text|video)/([A-Za-z0-9][A-Za-z0-9.+-]{0,80})")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_THREAD_INDEX = re.compile(r"[A-Za-z0-9+/]{28,400}={0,2}")
_CONTENT_ID = re.compile(r"[!-;=?-~]{1,250}")
_UNSAFE_IN_NAME = re.compile(r'[/\\:*?"<>|]+')


class _Policy(EmailPolicy):
    """SMTP's line ends and folding, except that identifiers are never broken up or encoded.

    The library encodes an identifier longer than a line as if it were words, which ends threading (bpo-35805).
    """

    def fold(self, name: str, value: str) -> str:
        if name.lower() in _IDENTIFIERS:
            return f"{name}: {value}\r\n"
        return super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("ascii", "surrogateescape")


_POLICY = _Policy(linesep="\r\n", max_line_length=78, utf8=False, cte_type="7bit", raise_on_defect=False)


def compose(letter: Letter) -> bytes:
    """The mail, ready for SMTP: CRLF line ends, 7-bit, text and HTML, pictures inline, files attached."""
    message = EmailMessage(policy=_POLICY)
    _address(message, letter)
    _thread(message, letter)
    for name, value in _machine_headers(letter):
        message[name] = value
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    body = message.get_body(("html",))
    assert isinstance(body, EmailMessage)  # noqa: S101 - it was added two lines above
    for file in letter.files:
        if file.content_id and _CONTENT_ID.fullmatch(file.content_id):
            _enclose(body, file, f"<{file.content_id}>")
    for file in letter.files:
        if not file.content_id:
            _enclose(message, file, None)
    return message.as_bytes(policy=_POLICY)


def reference_chain(*ids: str | None) -> tuple[str, ...]:
    """References of an answer (RFC 5322 3.6.4): well-formed ids, oldest first, the first and newest kept.

    The field stays within one line of 998 characters; in between, older ids go first.
    """
    known = message_ids(*ids)
    kept: list[str] = []
    room = MAX_REFERENCES - (len(known[0]) if known else 0)
    for identifier in reversed(known[1:]):
        room -= len(identifier) + 1
        if room < 0:
            break
        kept.append(identifier)
    return (*known[:1], *reversed(kept))


def _address(message: EmailMessage, letter: Letter) -> None:
    message["From"] = _mailbox(letter.sender)
    message["To"] = [_mailbox(person) for person in letter.to]
    if letter.cc:
        message["Cc"] = [_mailbox(person) for person in letter.cc]
    if letter.reply_to:
        message["Reply-To"] = _mailbox(letter.reply_to)
    message["Subject"] = safe_line(letter.subject, MAX_SUBJECT)
    message["Date"] = format_datetime(letter.sent_at)


def _thread(message: EmailMessage, letter: Letter) -> None:
    own = message_ids(letter.message_id)
    if not own:
        raise ValueError("the message id is malformed")
    message["Message-ID"] = own[0]
    if answered := message_ids(letter.in_reply_to):
        message["In-Reply-To"] = answered[0]
    if references := reference_chain(*letter.references):
        message["References"] = " ".join(references)
    if letter.thread_topic:
        message["Thread-Topic"] = safe_line(letter.thread_topic, MAX_SUBJECT)
    if letter.thread_index and _THREAD_INDEX.fullmatch(letter.thread_index):
        message["Thread-Index"] = letter.thread_index


def _machine_headers(letter: Letter) -> list[tuple[str, str]]:
    named = [(name, safe_line(value, 900)) for name, value in letter.extra if _HEADER_NAME.fullmatch(name)]
    if not letter.auto_submitted:
        return named
    # RFC 3834 and, for Exchange, [MS-OXCMAIL]: no out-of-office note answers a machine's mail.
    own = [("Auto-Submitted", letter.auto_submitted), ("X-Auto-Response-Suppress", "All")]
    return own + named


def _mailbox(person: Person) -> Address:
    return Address(display_name=safe_line(person.name, 100), addr_spec=person.address)


def _enclose(part: EmailMessage, file: File, cid: str | None) -> None:
    found = _MEDIA_TYPE.fullmatch(file.content_type.strip().lower())
    maintype, subtype = found.groups() if found else ("application", "octet-stream")
    name = _UNSAFE_IN_NAME.sub("_", safe_line(file.name, 150)).strip(". ") or "file"
    if cid:
        part.add_related(file.data, maintype, subtype, cid=cid, filename=name, disposition="inline")
    else:
        part.add_attachment(file.data, maintype, subtype, filename=name)
