"""What becomes of a parsed mail: read `decide` from top to bottom to know every fate there is."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import sqlalchemy as sa

from app.events import EventKind, record
from app.extensions import db, now
from app.mail import checking, filing, reports, senders, settling, threads
from app.mail.inbound import Inbound, Kind
from app.mail.models import InboundMessage, InboundState
from app.mail.senders import Sender, Standing
from app.mail.threads import Found, Match
from app.mail.verdicts import Verdict
from app.tickets.settings import Contact, Joining, Mailbox, Queue

MAX_TICKETS_AN_HOUR = 30
_REPORTS = (Kind.BOUNCE, Kind.DELAY, Kind.COMPLAINT)
_AUTOMATIC = (Kind.AUTO_REPLY, Kind.CALENDAR)


def decide(message: InboundMessage, mail: Inbound) -> None:
    """Bring a message to its end state. The caller commits; until then the mail's thread is locked."""
    threads.lock(message.tenant_id, mail)
    sender = senders.identify(message, mail)
    _describe(message, mail, sender)
    if settling.is_suspended(message):
        settling.hold(message, "suspended")
        return
    if checking.take(message, mail):
        return
    earlier = settling.earlier(message, _identity(mail))
    if earlier is not None:
        settling.duplicate(message, earlier)
        return
    message.identity = _identity(mail)
    if mail.kind in _REPORTS:
        reports.take_report(message, mail)
        return
    if reason := _reason_to_drop(message, mail, sender):
        settling.drop(message, reason)
        return
    if reason := _reason_to_hold(message, mail):
        settling.hold(message, reason)
        return
    match = threads.find(message, mail)
    if match is not None and _answer(message, mail, sender, match):
        return
    _open(message, mail, sender)


def _answer(message: InboundMessage, mail: Inbound, sender: Sender, match: Match) -> bool:
    """Add the mail to the ticket it belongs to, or hold it; False if it is no tie and a new ticket is due."""
    ticket, standing = match.ticket, senders.standing(sender, match.ticket)
    settling.note(message, matched_by=match.how.value, standing=standing.value)
    if mail.kind in _AUTOMATIC:
        return _take_note(message, mail, match, standing)
    if standing is Standing.AGENT:
        return _answer_as_agent(message, mail, sender, match)
    is_open_to_all = ticket.queue.joining is Joining.ANYONE and match.how is not Found.SUBJECT
    may_join = is_open_to_all or (settling.is_released(message) and match.how not in threads.LOOSE)
    if standing is Standing.STRANGER and not may_join:
        if match.how in threads.LOOSE:
            return False
        settling.hold(message, "not_a_participant", ticket)
        return True
    comment = filing.answer_from(message, mail, sender, ticket, may_join=standing is Standing.STRANGER)
    settling.threaded(message, ticket, comment)
    return True


def _answer_as_agent(message: InboundMessage, mail: Inbound, sender: Sender, match: Match) -> bool:
    """A colleague answers by mail only to a signed address and only if their own server vouches for them.

    A release proves nobody: whoever released the mail did not write it, so it becomes a note that says so.
    """
    if sender.agent is None or match.how in threads.LOOSE:
        return False
    proven = match.how is Found.REPLY_ADDRESS and sender.verdict is Verdict.PASS
    allowed = senders.may_answer_as_agent(sender, match.ticket)
    if proven and allowed:
        comment = filing.answer_as_agent(message, mail, sender.agent, match.ticket)
        settling.threaded(message, match.ticket, comment)
    elif settling.is_released(message):
        comment = filing.note_unproven(message, mail, sender.agent, match.ticket)
        settling.threaded(message, match.ticket, comment, "unproven colleague")
    else:
        settling.hold(message, "agent_not_allowed" if proven else "agent_not_proven", match.ticket)
    return True


def _take_note(message: InboundMessage, mail: Inbound, match: Match, standing: Standing) -> bool:
    """An automatic answer: kept for members to see, if it comes from somebody we may have written to."""
    if standing is Standing.STRANGER:
        settling.hold(message, "automatic_reply_of_a_stranger", match.ticket)
    elif standing is Standing.AGENT:
        settling.drop(message, "automatic reply of a colleague", match.ticket)
    else:
        comment = filing.note_from(message, mail, match.ticket)
        by = filing.as_contact(comment.contact) if comment.contact else settling.system(message)
        record(EventKind.EMAIL_AUTO_REPLY, by=by, ticket_id=match.ticket.id, comment_id=comment.id)
        settling.threaded(message, match.ticket, comment, "automatic reply")
    return True


def _open(message: InboundMessage, mail: Inbound, sender: Sender) -> None:
    """Open a ticket in the queue whose address the mail came to, unless something speaks against it."""
    queue = _queue(message)
    if not settling.is_released(message):
        if mail.kind in _AUTOMATIC:
            settling.hold(message, "automatic_reply")
            return
        if mail.kind is Kind.LIST and not queue.accepts_lists:
            settling.hold(message, "mailing_list")
            return
        if _too_many(message, mail):
            settling.hold(message, "too_many_from_sender")
            return
    ticket, comment = filing.open_from(message, mail, sender, queue)
    settling.ticketed(message, ticket, comment)


def _reason_to_drop(message: InboundMessage, mail: Inbound, sender: Sender) -> str:
    if settling.is_released(message):
        return ""
    if mail.kind is Kind.LOOP:
        return f"loop: {mail.kind_reason}"
    if str(message.tenant_id) in mail.loop_marks:
        return "loop: sent by this organisation"
    owner = sender.owners.get(mail.from_address)
    if owner == message.tenant_id:
        return "loop: from our own address"
    if owner is not None and mail.kind is not Kind.HUMAN:
        return "loop: automatic mail of another organisation here"
    return ""


def _reason_to_hold(message: InboundMessage, mail: Inbound) -> str:
    """What makes a mail wait wherever it would go. Without one author, not even a release helps."""
    if mail.problems or not mail.from_address:
        return ", ".join(mail.problems) or "no_from"
    if settling.is_released(message):
        return ""
    if "yes" in mail.auth.spam_flag.lower():
        return "spam"
    author = db.session.scalar(Contact.known_by(message.tenant_id, mail.from_address))
    return "blocked_sender" if author and author.blocked_at else ""


def _too_many(message: InboundMessage, mail: Inbound) -> bool:
    count = db.session.scalar(
        sa.select(sa.func.count())
        .select_from(InboundMessage)
        .where(
            InboundMessage.tenant_id == message.tenant_id,
            InboundMessage.from_address == mail.from_address,
            InboundMessage.state == InboundState.TICKETED,
            InboundMessage.received_at > now() - timedelta(hours=1),
        )
    )
    return (count or 0) >= MAX_TICKETS_AN_HOUR


def _queue(message: InboundMessage) -> Queue:
    return db.session.scalars(
        sa.select(Queue)
        .join(Mailbox, sa.and_(Mailbox.tenant_id == Queue.tenant_id, Mailbox.queue_id == Queue.id))
        .where(Mailbox.tenant_id == message.tenant_id, Mailbox.id == message.mailbox_id)
    ).one()


def _describe(message: InboundMessage, mail: Inbound, sender: Sender) -> None:
    """Keep what lists, searches and people asking "why?" need, whatever becomes of the mail."""
    message.message_id = mail.message_id
    message.from_address, message.from_name = mail.from_address, mail.from_name
    message.subject, message.kind = mail.subject, mail.kind.value
    settling.note(
        message,
        kind_reason=mail.kind_reason,
        verdict=sender.verdict.value,
        notes=list(mail.notes),
        flags=list(mail.flags),
        synthetic=mail.synthetic,
    )


def _identity(mail: Inbound) -> str:
    """One message is its Message-ID together with its author: others may make up the former."""
    return hashlib.sha256(f"{mail.message_id}\0{mail.from_address}".encode()).hexdigest()
