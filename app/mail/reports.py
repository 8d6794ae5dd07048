"""What mail servers report about mail we sent: said on its ticket, never a ticket of its own."""

from __future__ import annotations

import sqlalchemy as sa

from app.extensions import db
from app.mail import delivery, settling
from app.mail.delivery import Report
from app.mail.inbound import Inbound, Kind
from app.mail.models import InboundMessage, OutboundMessage, OutboundState
from app.mail.threads import load

_FINAL = (OutboundState.FAILED, OutboundState.COMPLAINED)


def take_report(message: InboundMessage, mail: Inbound) -> None:
    """Settle a bounce, a delay notice or a complaint by the outgoing message it is about."""
    sent = _sent(message, mail)
    if sent is None:
        settling.drop(message, f"{mail.kind}: about no mail of ours")
        return
    ticket = load(message.tenant_id, sent.ticket_id) if sent.ticket_id else None
    report = _report(message, mail, sent)
    if report is None:
        settling.drop(message, f"{mail.kind}: the mail is still on its way", ticket)
        return
    if sent.state not in _FINAL:
        delivery.apply(sent, report)
    if ticket:
        settling.threaded(message, ticket, None, mail.kind.value)
    else:
        settling.drop(message, f"{mail.kind}: noted")


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


def _report(message: InboundMessage, mail: Inbound, sent: OutboundMessage) -> Report | None:
    """What the mail says about ours (RFC 3464, RFC 5965), or None where nothing is decided yet."""
    if mail.kind is Kind.COMPLAINT:
        return Report(sent.message_id, OutboundState.COMPLAINED, message.received_at, "", "")
    if mail.kind is not Kind.BOUNCE or mail.dsn is None:
        return None
    return Report(
        sent.message_id,
        OutboundState.FAILED,
        message.received_at,
        recipient=mail.dsn.final_recipient,
        reason=f"{mail.dsn.status} {mail.dsn.diagnostic}".strip()[:500],
        is_mailbox_dead=mail.dsn.is_permanent,
    )
