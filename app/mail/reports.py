"""What mail servers report about mail we sent: said on its ticket, never a ticket of its own."""

from __future__ import annotations

import sqlalchemy as sa

from app.events import EventKind, record
from app.extensions import db, now
from app.mail import settling
from app.mail.inbound import Inbound, Kind
from app.mail.models import InboundMessage, OutboundMessage, OutboundState
from app.mail.threads import load
from app.policy import Actor, ActorKind
from app.tickets.models import Ticket
from app.tickets.settings import Contact

_FINAL = (OutboundState.FAILED, OutboundState.COMPLAINED)


def take_report(message: InboundMessage, mail: Inbound) -> None:
    """Settle a bounce, a delay notice or a complaint by the outgoing message it is about."""
    sent = _sent(message, mail)
    if sent is None:
        settling.drop(message, f"{mail.kind}: about no mail of ours")
        return
    ticket = load(message.tenant_id, sent.ticket_id) if sent.ticket_id else None
    if mail.kind is Kind.BOUNCE and ticket:
        _undeliverable(message, mail, sent, ticket)
        settling.threaded(message, ticket, None, "bounce")
    elif mail.kind is Kind.COMPLAINT and ticket:
        _complained(message, sent, ticket)
        settling.threaded(message, ticket, None, "complaint")
    else:
        settling.drop(message, f"{mail.kind}: the mail is still on its way", ticket)


def _sent(message: InboundMessage, mail: Inbound) -> OutboundMessage | None:
    """The message reported on. Its id is signed, so only who had the mail can report on it."""
    name = mail.dsn.original_message_id if mail.dsn else ""
    candidates = [name, mail.in_reply_to, *mail.references]
    ids = [form for each in candidates if each for form in (each, f"<{each}>")]
    return db.session.scalar(
        sa.select(OutboundMessage)
        .where(OutboundMessage.tenant_id == message.tenant_id, OutboundMessage.message_id.in_(ids))
        .limit(1)
        .with_for_update()
    )


def _undeliverable(message: InboundMessage, mail: Inbound, sent: OutboundMessage, ticket: Ticket) -> None:
    report = mail.dsn
    if report is None or sent.state in _FINAL:
        return
    recipients = {address.lower() for _, address in (*sent.to, *sent.cc)}
    bounced = report.final_recipient if report.final_recipient in recipients else ""
    # One of several recipients is out of reach: the mail as a whole has arrived.
    if not bounced or recipients == {bounced}:
        sent.state, sent.settled_at = OutboundState.FAILED, now()
    sent.reason = f"{report.status} {report.diagnostic}".strip()[:500]
    if bounced and report.is_permanent:
        db.session.execute(
            sa.update(Contact)
            .where(Contact.tenant_id == message.tenant_id, Contact.email == bounced)
            .values(undeliverable_at=now())
        )
    changes = {"recipient": [None, bounced], "reason": [None, sent.reason]}
    _say(EventKind.EMAIL_BOUNCED, message, sent, ticket, changes)


def _complained(message: InboundMessage, sent: OutboundMessage, ticket: Ticket) -> None:
    if sent.state is OutboundState.COMPLAINED:
        return
    sent.state, sent.settled_at, sent.reason = OutboundState.COMPLAINED, now(), "complaint"
    _say(EventKind.EMAIL_FAILED, message, sent, ticket, {"reason": [None, "complaint"]})


def _say(
    kind: EventKind,
    message: InboundMessage,
    sent: OutboundMessage,
    ticket: Ticket,
    changes: dict[str, list[str | None]],
) -> None:
    by = Actor(ActorKind.SYSTEM, message.tenant_id)
    record(kind, by=by, ticket_id=ticket.id, comment_id=sent.comment_id, changes=changes)
