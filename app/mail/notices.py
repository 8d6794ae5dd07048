"""Mails to a person about their login or membership, which are about no ticket: queued like any other, or sent now."""

import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import make_msgid

from flask import current_app

from app.auth.sealing import seal, unseal
from app.extensions import now
from app.mail import transports
from app.mail.compose import compose
from app.mail.letter import BadAddress, Letter, Person
from app.mail.models import OutboundMessage
from app.mail.transports import Transport

PURPOSE = "mail"


@dataclass(frozen=True)
class NotSent(Exception):
    """The mail did not leave; whoever waits for it is told so."""

    reason: str


@dataclass(frozen=True)
class Notice:
    """One such mail, as it will be read."""

    to: str
    subject: str
    text: str
    html: str


def sealed(notice: Notice) -> bytes:
    """The words as a row keeps them: a link in them would let whoever reads the database in."""
    return seal(json.dumps([notice.text, notice.html]), PURPOSE)


def send_now(notice: Notice) -> None:
    """Send the mail while the asker waits, once: there is no organisation to queue it with. Raises NotSent."""
    message_id = make_msgid(domain=current_app.config["MAIL_DOMAIN"])
    transport: Transport = current_app.extensions["mail_transport"]
    try:
        letter = _letter(notice, message_id, now())
        transport.deliver(compose(letter), letter.sender.address, [letter.to[0].address])
    except (BadAddress, transports.Temporary, transports.Permanent, transports.Uncertain) as error:
        raise NotSent(type(error).__name__) from error


def letter_of(message: OutboundMessage) -> Letter:
    """The letter of a queued one. Raises Unreadable where SECRET_KEY was changed meanwhile."""
    text, html = json.loads(unseal(message.sealed or b"", PURPOSE))
    notice = Notice(message.to[0][1], message.subject, text, html)
    return _letter(notice, message.message_id, message.created_at)


def sender() -> Person:
    """Whom they come from: nobody reads what is answered."""
    return Person("WorkTrackr", f"no-reply@{current_app.config['MAIL_DOMAIN']}")


def _letter(notice: Notice, message_id: str, sent_at: datetime) -> Letter:
    return Letter(
        sender=sender(),
        to=(Person.of("", notice.to),),
        subject=notice.subject,
        text=notice.text,
        html=notice.html,
        message_id=message_id,
        sent_at=sent_at,
        auto_submitted="auto-generated",
    )
