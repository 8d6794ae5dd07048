"""Deciding on an outgoing mail: to whom, from which address, and the row that says so before anything is sent."""

from collections.abc import Iterable
from datetime import datetime
from email.utils import make_msgid
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.dialects.postgresql import insert

from app.extensions import db, new_id
from app.jobs import later
from app.mail import ours
from app.mail.letter import BadAddress, Person
from app.mail.models import InboundMessage, OutboundKind, OutboundMessage, OutboundState
from app.mail.notices import Notice, sealed
from app.mail.send import send
from app.mail.wording import answer_subject
from app.tenancy import current_tenant_id
from app.tickets.changing import participants
from app.tickets.conversation import Comment
from app.tickets.models import Ticket
from app.tickets.settings import Contact, Mailbox


def post_reply(ticket: Ticket, comment: Comment) -> None:
    """Mail an agent's public comment to the requester, participants in copy. Once per comment, ever."""
    if comment.is_internal:
        raise ValueError("an internal note is never mailed")
    to = _people([ticket.requester])
    cc = [person for person in _people(each.contact for each in participants(ticket)) if person not in to]
    _post(
        OutboundKind.REPLY,
        ticket,
        comment,
        to=to or cc,
        cc=cc if to else [],
        subject=answer_subject(ticket.subject, ticket.number),
    )


def post_acknowledgement(ticket: Ticket, comment: Comment, *, subject: str, to: Person) -> None:
    """Tell the requester that the first message has arrived. Once per ticket, ever."""
    _post(OutboundKind.ACKNOWLEDGEMENT, ticket, comment, to=[to], cc=[], subject=subject)


def post_notice(notice: Notice, *, purpose: str, expires_at: datetime | None = None) -> None:
    """Tell a person something about their login or membership, once for each purpose; never after it expires."""
    own_id = new_id()
    values: dict[str, Any] = {
        "id": own_id,
        "tenant_id": current_tenant_id(),
        "kind": OutboundKind.ACCOUNT,
        "purpose": f"{OutboundKind.ACCOUNT}:{purpose}",
        "message_id": make_msgid(domain=current_app.config["MAIL_DOMAIN"]),
        "to": [["", notice.to]],
        "cc": [],
        "subject": notice.subject,
        "sealed": sealed(notice),
        "expires_at": expires_at,
        "state": OutboundState.QUEUED,
    }
    _queue(values)


def post_to_member(purpose: str, *, to: tuple[str, str], subject: str) -> UUID | None:
    """Write to one of our own members. None where no mail can or may go there, or it is written already.

    It belongs to no ticket's conversation: what requesters get never refers to it, and its failure is no event
    on the ticket, of which members would be told. An address at our own mail domain would come back in as a mail.
    """
    try:
        person = Person.of(*to)
    except BadAddress:
        return None
    if ours.is_ours(person.address):
        return None
    own_id = new_id()
    values: dict[str, Any] = {
        "id": own_id,
        "tenant_id": current_tenant_id(),
        "kind": OutboundKind.NOTICE,
        "purpose": purpose,
        "message_id": f"<notice.{own_id}@{current_app.config['MAIL_DOMAIN']}>",
        "to": [[person.name, person.address]],
        "cc": [],
        "subject": subject,
        "state": OutboundState.QUEUED,
    }
    return _queue(values)


def mailbox_for(ticket: Ticket) -> Mailbox | None:
    """The address we write from: the one the ticket came in by while it serves the ticket's queue, or its first."""
    first_by = (
        sa.select(InboundMessage.mailbox_id)
        .where(InboundMessage.tenant_id == ticket.tenant_id, InboundMessage.ticket_id == ticket.id)
        .order_by(InboundMessage.received_at)
        .limit(1)
        .scalar_subquery()
    )
    return db.session.scalar(
        sa.select(Mailbox)
        .where(
            Mailbox.tenant_id == ticket.tenant_id,
            Mailbox.queue_id == ticket.queue_id,
            Mailbox.retired_at.is_(None),
            Mailbox.address.endswith("@" + current_app.config["MAIL_DOMAIN"].lower(), autoescape=True),
        )
        .order_by(sa.case((Mailbox.id == first_by, 0), else_=1), Mailbox.created_at, Mailbox.id)
        .limit(1)
    )


def _people(contacts: Iterable[Contact]) -> list[Person]:
    """Those of the contacts that mail can reach, each address once, none of our own."""
    found: dict[str, Person] = {}
    for contact in contacts:
        if not contact.email or ours.is_ours(contact.email):
            continue
        try:
            person = Person.of(contact.name, contact.email)
        except BadAddress:
            continue
        found.setdefault(person.address.lower(), person)
    return list(found.values())


def _post(
    kind: OutboundKind, ticket: Ticket, comment: Comment, *, to: list[Person], cc: list[Person], subject: str
) -> None:
    about: UUID = comment.id if kind is OutboundKind.REPLY else ticket.id
    mailbox = mailbox_for(ticket)
    fault = (
        ""
        if to and mailbox
        else "no address to write to"
        if mailbox
        else "the queue has no address to write from"
    )
    own_id = new_id()
    values: dict[str, Any] = {
        "id": own_id,
        "tenant_id": ticket.tenant_id,
        "kind": kind,
        "purpose": f"{kind}:{about}",
        "ticket_id": ticket.id,
        "comment_id": comment.id,
        "mailbox_id": mailbox.id if mailbox else None,
        "message_id": ours.message_id(ticket, own_id),
        "to": [[person.name, person.address] for person in to],
        "cc": [[person.name, person.address] for person in cc],
        "subject": subject,
        "state": OutboundState.FAILED if fault else OutboundState.QUEUED,
        "reason": fault,
    }
    _queue(values)


def _queue(values: dict[str, Any]) -> UUID | None:
    statement = insert(OutboundMessage).values(values).on_conflict_do_nothing().returning(OutboundMessage.id)
    made = db.session.scalar(statement)
    if made and values["state"] is OutboundState.QUEUED:
        later(send, made)
    return made
