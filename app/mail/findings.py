"""What was found out about a mail while deciding on it, in words: who vouches for it, and why it went where it went."""

from typing import Any

from flask_babel import gettext as _

from app.mail.inbound import Kind
from app.mail.models import InboundMessage
from app.mail.senders import Standing
from app.mail.threads import Found
from app.mail.verdicts import Verdict


def authentication(message: InboundMessage) -> str:
    """How far its sender can be believed."""
    domain = (message.from_address or "").rpartition("@")[2] or _("the sender")
    match message.findings.get("verdict"):
        case Verdict.PASS:
            return _("Proven: %(domain)s vouches for it (SPF or DKIM).", domain=domain)
        case Verdict.FAIL:
            return _("Not proven: nothing shows that %(domain)s sent it. It may be forged.", domain=domain)
    return _("Unknown: no mail server that we trust looked at it.")


def why_there(message: InboundMessage) -> str:
    """What tied it to its ticket, and what its sender is there."""
    tied = {
        Found.REPLY_ADDRESS: _("It was sent to the ticket’s own signed reply address."),
        Found.OUR_MESSAGE_ID: _("It answers a mail of ours about the ticket."),
        Found.REFERENCE: _("It answers an earlier mail on the ticket."),
        Found.SHARED: _("It and a mail on the ticket answer the same mail, which never came here."),
        Found.EXPECTED: _("A mail on the ticket had referred to it before it came."),
        Found.SUBJECT: _("Its subject has the ticket’s number."),
    }
    standing = {
        Standing.PARTICIPANT: _("Its sender takes part in the conversation."),
        Standing.AGENT: _("Its sender’s address is a colleague’s."),
        Standing.STRANGER: _("Its sender had no part in the conversation."),
    }
    found = message.findings
    words = [_word(tied, Found, found.get("matched_by")), _word(standing, Standing, found.get("standing"))]
    return " ".join(word for word in words if word)


def kind_of(message: InboundMessage) -> str:
    """Who or what wrote it, and by which sign."""
    words = kinds().get(message.kind or "", "")
    sign = message.findings.get("kind_reason", "")
    return f"{words} ({sign})" if words and sign and message.kind != Kind.HUMAN else words


def kinds() -> dict[str, str]:
    """Every kind of mail as one calls it."""
    return {
        Kind.HUMAN: _("Written by a person"),
        Kind.AUTO_REPLY: _("Automatic reply"),
        Kind.NOTIFICATION: _("Sent by a machine"),
        Kind.BULK: _("Bulk mail"),
        Kind.LIST: _("Mailing list"),
        Kind.BOUNCE: _("Delivery failure"),
        Kind.DELAY: _("Delivery delay"),
        Kind.COMPLAINT: _("Spam complaint"),
        Kind.CALENDAR: _("Calendar answer"),
        Kind.LOOP: _("Mail in a circle"),
    }


def remarks(message: InboundMessage) -> list[str]:
    """Everything else that was noted, a sentence each."""
    found = message.findings
    said = [str(each) for each in (*found.get("notes", ()), *found.get("flags", ()))]
    if found.get("left_out"):
        said.append(_("Left out: %(what)s.", what=found["left_out"]))
    if found.get("files_left_out"):
        said.append(_("Files not stored (%(why)s). They are in the original.", why=found["files_left_out"]))
    if found.get("synthetic"):
        said.append(_("It has no Message-ID of its own."))
    if found.get("released_by"):
        was = str(found.get("was", "")).replace("_", " ")
        said.append(_("%(name)s released it (held for: %(was)s).", name=found["released_by"], was=was))
    if found.get("dropped_by"):
        said.append(_("%(name)s rejected it.", name=found["dropped_by"]))
    if found.get("reconsidered_by"):
        said.append(_("%(name)s had it filed anew.", name=found["reconsidered_by"]))
    return said


def _word(words: dict[Any, str], kind: Any, value: Any) -> str:
    return words[kind(value)] if value in set(kind) else ""
