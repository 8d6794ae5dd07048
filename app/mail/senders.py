"""Who wrote a mail, as far as we may believe it: a participant, a colleague, or somebody else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from flask import current_app

from app.auth.models import User
from app.extensions import db
from app.mail import routing
from app.mail.inbound import Inbound
from app.mail.models import InboundMessage
from app.mail.verdicts import Verdict, judge
from app.organisations.context import member_of
from app.organisations.models import Organisation
from app.policy import Actor, Permission, can
from app.tickets.models import Participant, Ticket
from app.tickets.settings import Contact


class Standing(StrEnum):
    """What a sender is to a ticket."""

    PARTICIPANT = "participant"  # the requester, or in copy
    AGENT = "agent"
    STRANGER = "stranger"


@dataclass(frozen=True)
class Sender:
    """The author of a mail. `agent` is the member whose address it claims, proven only if `verdict` is PASS.

    `owners` are the organisations that receive mail at the author's and the recipients' addresses.
    """

    address: str
    name: str
    verdict: Verdict
    agent: Actor | None
    owners: dict[str, UUID]


def identify(message: InboundMessage, mail: Inbound) -> Sender:
    """Take the sender from From alone: Reply-To, Sender and display names are no identity."""
    verdict = judge(
        mail.auth,
        mail.from_address,
        message.envelope_from,
        str(message.findings.get("provider", "")),
        current_app.config.get("TRUSTED_MAIL_HOST", ""),
    )
    agent = _agent(message.tenant_id, mail.from_address)
    named = {mail.from_address, *(address for _, address in (*mail.to, *mail.cc))}
    return Sender(mail.from_address, mail.from_name, verdict, agent, routing.owners(named))


def standing(sender: Sender, ticket: Ticket) -> Standing:
    """Tell what the sender is to the ticket. An agent is one even where they are also in copy."""
    if sender.agent:
        return Standing.AGENT
    contact = db.session.scalar(Contact.known_by(ticket.tenant_id, sender.address))
    if contact is None:
        return Standing.STRANGER
    if contact.id == ticket.requester_id or _is_participant(ticket, contact.id):
        return Standing.PARTICIPANT
    return Standing.STRANGER


def may_answer_as_agent(sender: Sender, ticket: Ticket) -> bool:
    """Whether the claimed member could say this on the ticket if they were signed in."""
    agent = sender.agent
    if agent is None or not can(agent, Permission.TICKET_COMMENT, ticket):
        return False
    visible = Ticket.visible_to(agent).with_only_columns(Ticket.id).where(Ticket.id == ticket.id)
    return db.session.scalar(visible) is not None


def _agent(tenant_id: UUID, address: str) -> Actor | None:
    user = db.session.scalar(sa.select(User).where(User.email == address, User.disabled_at.is_(None)))
    if user is None:
        return None
    organisation = db.session.get(Organisation, tenant_id)
    return member_of(organisation, user) if organisation else None


def _is_participant(ticket: Ticket, contact_id: UUID) -> bool:
    found = sa.select(Participant.id).where(
        Participant.tenant_id == ticket.tenant_id,
        Participant.ticket_id == ticket.id,
        Participant.contact_id == contact_id,
    )
    return db.session.scalar(found) is not None
