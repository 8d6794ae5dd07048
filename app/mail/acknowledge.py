"""Telling a requester that their mail has arrived, without becoming a tool against third parties.

RFC 3834, and what happens to helpdesks that acknowledge whatever comes: loops, bombed bystanders, backscatter.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from app.extensions import db, now
from app.mail import classify, headers, ours
from app.mail.history import HEAD
from app.mail.inbound import Kind
from app.mail.letter import BadAddress, Person
from app.mail.mailboxes import read_mailboxes
from app.mail.models import InboundMessage, OutboundKind, OutboundMessage
from app.mail.posting import post_acknowledgement
from app.mail.verdicts import Verdict
from app.mail.wording import answer_subject
from app.organisations.models import Organisation
from app.tickets.conversation import Comment
from app.tickets.models import Ticket
from app.tickets.settings import Contact

DAY = timedelta(days=1)
SAME_SUBJECT_A_DAY = 1
PER_TICKET_A_DAY = 3
PER_ADDRESS = (10, timedelta(hours=3))
UNVERIFIED = (1, timedelta(hours=1))


@dataclass(frozen=True)
class Arrival:
    """What the mail that opened a ticket says about whether to answer it."""

    inbound: InboundMessage
    head: headers.Headers

    @property
    def is_verified(self) -> bool:
        """Whether the sender's domain vouches for the mail (aligned SPF or DKIM, as the receiver saw it)."""
        return self.inbound.findings.get("verdict") == Verdict.PASS

    @property
    def is_for_us(self) -> bool:
        """Whether one of our addresses is in To; a copy asks for no answer."""
        return any(ours.is_ours(address) for _, address in read_mailboxes(self.head.first("To"))[0])


def acknowledge(ticket: Ticket, comment: Comment) -> None:
    """Acknowledge the mail that opened the ticket, where that is safe. Writes at most one outbound row."""
    arrival = _arrival(ticket, comment)
    if arrival is None or not ticket.queue.acknowledges or not _may_answer(arrival):
        return
    # One at a time for each requester, so that the caps count what the neighbour is writing.
    requester = db.session.get_one(Contact, (ticket.tenant_id, ticket.requester_id), with_for_update=True)
    try:
        to = Person.of(requester.name if arrival.is_verified else "", requester.email or "")
    except BadAddress:
        return
    if _within_caps(ticket, is_verified=arrival.is_verified):
        post_acknowledgement(ticket, comment, subject=_subject(ticket, arrival), to=to)


def _arrival(ticket: Ticket, comment: Comment) -> Arrival | None:
    found = db.session.execute(
        sa.select(InboundMessage, sa.func.substr(InboundMessage.raw, 1, HEAD)).where(
            InboundMessage.tenant_id == ticket.tenant_id,
            InboundMessage.ticket_id == ticket.id,
            InboundMessage.comment_id == comment.id,
        )
    ).first()
    return Arrival(found[0], headers.read_block(bytes(found[1]))[0]) if found else None


def _may_answer(arrival: Arrival) -> bool:
    address = arrival.inbound.from_address or ""
    return (
        arrival.inbound.kind == Kind.HUMAN
        and bool(address)
        and not classify.is_unread_address(address)
        and not ours.is_ours(address)
        and not classify.suppresses_auto_response(arrival.head)
        and bool(arrival.inbound.envelope_from.strip("<> "))
        and arrival.head.first("Return-Path").strip() != "<>"
        and arrival.is_for_us
    )


def _within_caps(ticket: Ticket, *, is_verified: bool) -> bool:
    same_subject = sa.and_(
        Ticket.subject == ticket.subject, OutboundMessage.kind == OutboundKind.ACKNOWLEDGEMENT
    )
    most, within = PER_ADDRESS if is_verified else UNVERIFIED
    return (
        _written(ticket, now() - DAY, same_subject) < SAME_SUBJECT_A_DAY
        and _written(ticket, now() - DAY, Ticket.id == ticket.id) < PER_TICKET_A_DAY
        and _written(ticket, now() - within, sa.true()) < most
    )


def _written(ticket: Ticket, since: datetime, which: sa.ColumnElement[bool]) -> int:
    """How many automatic mails the ticket's requester was written since then."""
    return (
        db.session.scalar(
            sa.select(sa.func.count())
            .select_from(OutboundMessage)
            .join(
                Ticket,
                sa.and_(
                    Ticket.tenant_id == OutboundMessage.tenant_id, Ticket.id == OutboundMessage.ticket_id
                ),
            )
            .where(
                Ticket.tenant_id == ticket.tenant_id,
                Ticket.requester_id == ticket.requester_id,
                OutboundMessage.kind != OutboundKind.REPLY,
                OutboundMessage.created_at > since,
                which,
            )
        )
        or 0
    )


def _subject(ticket: Ticket, arrival: Arrival) -> str:
    if arrival.is_verified:
        return answer_subject(ticket.subject, ticket.number)
    organisation = db.session.get_one(Organisation, ticket.tenant_id)
    with force_locale(organisation.locale):
        words = gettext("We have received your message")
    return f"[#{ticket.number}] {words}"
