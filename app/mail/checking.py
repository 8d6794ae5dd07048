"""Checking an address by a mail there and back: sent with a code, taken when it comes in, answered to who asked.

An address of the customer's own is only registered once a mail with a code no one can guess came through it, so
that nobody claims an address whose mail they do not get.
"""

import base64
import re
import secrets
from contextlib import AbstractContextManager
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from markupsafe import escape
from sqlalchemy.dialects.postgresql import insert

from app.extensions import db, new_id, now
from app.jobs import Lane, job, later
from app.mail import ours, settling
from app.mail.check_models import AddressCheck, CheckKind
from app.mail.compose import compose
from app.mail.inbound import Inbound
from app.mail.letter import BadAddress, Letter, Person
from app.mail.models import InboundMessage
from app.mail.transports import Permanent, Temporary, Transport, Uncertain
from app.mail.verdicts import Verdict
from app.organisations.models import Organisation
from app.tenancy import current_tenant_id
from app.tickets.settings import Mailbox

LASTS = timedelta(days=1)
MOST_A_DAY = 20  # mails to addresses that nobody has proven to be theirs
_CODE = re.compile(r"\[WT-([a-z2-7]{16})\]", re.I)
# Google asks the new address before it forwards (support.google.com/mail/answer/10957).
_GOOGLE = "forwarding-noreply@google.com"
_GOOGLE_CODE = re.compile(r"\(#(\d{6,12})\)")
_GOOGLE_LINK = re.compile(r"https://mail(?:-settings)?\.google\.com/mail/vf-[A-Za-z0-9%._\[\]~-]{10,400}")


class TooMany(Exception):
    """The organisation has checked as many addresses as it may in a day."""


def start(kind: CheckKind, mailbox: Mailbox, address: str, asker: Person) -> AddressCheck:
    """Have a mail with a code sent to the address. Raises TooMany and, for what is no address, BadAddress."""
    to = Person.of("", address)
    today = sa.select(sa.func.count()).where(
        AddressCheck.tenant_id == mailbox.tenant_id, AddressCheck.created_at > now() - LASTS
    )
    if (db.session.scalar(today) or 0) >= MOST_A_DAY:
        raise TooMany
    check = AddressCheck(
        id=new_id(),
        kind=kind,
        mailbox_id=mailbox.id,
        address=to.address.lower(),
        code=base64.b32encode(secrets.token_bytes(10)).decode().lower(),
        asker=[asker.name, asker.address],
    )
    db.session.add(check)
    later(send_check, check.id)
    return check


def take(message: InboundMessage, mail: Inbound) -> bool:
    """Settle the mail if it is one of our checks, or a provider's question whether it may forward."""
    if check := _check_in(message, mail):
        if check.mailbox_id == message.mailbox_id and check.received_at is None:
            _came(check)
        settling.drop(message, "address_check")
        return True
    code = _GOOGLE_CODE.search(mail.subject)
    link = _GOOGLE_LINK.search(f"{mail.text} {mail.html}")
    proven = message.findings.get("verdict") != Verdict.FAIL
    if mail.from_address == _GOOGLE and proven and (code or link):
        settling.note(message, google_code=code[1] if code else "", google_link=link[0] if link else "")
        settling.drop(message, "forwarding_confirmation")
        return True
    return False


@job(lane=Lane.MAIL, attempts=3)
def send_check(check_id: str) -> None:
    """Send the mail with the code."""
    check = _load(check_id)
    if check is None or check.sent_at is not None or check.fault:
        return
    with _in_their_language():
        subject = _("Checking your address [WT-%(code)s]", code=check.code.upper())
        words = _(
            "This mail checks that mail to %(address)s comes in at WorkTrackr. There is nothing to do."
            " If you did not expect it, ignore it.",
            address=check.address,
        )
    check.fault = _deliver(Person("", check.address), subject, words, check, "check")
    check.sent_at = None if check.fault else now()


@job(lane=Lane.MAIL, attempts=3)
def answer_check(check_id: str) -> None:
    """Tell whoever asked that the mail came: the way back works as well."""
    check = _load(check_id)
    if check is None or check.answered_at is not None or check.received_at is None:
        return
    with _in_their_language():
        subject = _("Mail to %(address)s comes in", address=check.address)
        words = _(
            "The test mail to %(address)s has arrived, and so has this answer to it.", address=check.address
        )
    fault = _deliver(Person.of(*check.asker), subject, words, check, "answer")
    check.fault = check.fault or fault
    check.answered_at = None if fault else now()


def _check_in(message: InboundMessage, mail: Inbound) -> AddressCheck | None:
    found = _CODE.search(mail.subject)
    if not found:
        return None
    return db.session.scalar(
        sa.select(AddressCheck)
        .where(
            AddressCheck.tenant_id == message.tenant_id,
            AddressCheck.code == found[1].lower(),
            AddressCheck.created_at > now() - LASTS,
        )
        .with_for_update()
    )


def _came(check: AddressCheck) -> None:
    check.received_at = now()
    if check.kind is CheckKind.FORWARDING and not _register(check):
        check.fault = _("Another organisation here has this address.")
    later(answer_check, check.id)


def _register(check: AddressCheck) -> bool:
    """Make the proven address a mailbox of the same queue. False if it is somebody else's."""
    mailbox = db.session.get_one(Mailbox, (check.tenant_id, check.mailbox_id))
    values = {
        "id": new_id(),
        "tenant_id": check.tenant_id,
        "queue_id": mailbox.queue_id,
        "address": check.address,
    }
    made = insert(Mailbox).values(values | {"created_at": now()}).on_conflict_do_nothing()
    if db.session.scalar(made.returning(Mailbox.id)):
        return True
    own = sa.select(Mailbox.id).where(Mailbox.tenant_id == check.tenant_id, Mailbox.address == check.address)
    return db.session.scalar(own) is not None


def _deliver(to: Person, subject: str, words: str, check: AddressCheck, what: str) -> str:
    """Send a few words now. Answers what went wrong; a fault that may pass is raised, for the job to try again."""
    if what == "answer" and ours.is_ours(to.address):
        return ""
    domain = current_app.config["MAIL_DOMAIN"]
    transport: Transport = current_app.extensions["mail_transport"]
    try:
        letter = Letter(
            sender=Person("WorkTrackr", f"no-reply@{domain}"),
            to=(to,),
            subject=subject,
            text=f"{words}\n",
            html=f"<p>{escape(words)}</p>",
            message_id=f"<{what}.{check.id}@{domain}>",
            sent_at=check.created_at,
            auto_submitted="auto-generated",
        )
        transport.deliver(compose(letter), letter.sender.address, [to.address])
    except (BadAddress, Permanent, Temporary, Uncertain) as error:
        return str(error)[:300] or type(error).__name__
    return ""


def _in_their_language() -> AbstractContextManager[None]:
    return force_locale(db.session.get_one(Organisation, current_tenant_id()).locale)


def _load(check_id: str) -> AddressCheck | None:
    return db.session.scalar(
        sa.select(AddressCheck).where(AddressCheck.id == UUID(check_id)).with_for_update()
    )
