"""Putting a mail on a ticket: its people, its words, its files, through the same verbs as everyone else."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sqlalchemy as sa
from flask_babel import gettext as _
from markupsafe import escape

from app import richtext
from app.extensions import db
from app.mail import ours, settling, threads
from app.mail.classify import is_unread_address
from app.mail.inbound import Inbound, Kind
from app.mail.models import InboundMessage
from app.mail.senders import Sender
from app.mail.settling import note
from app.mail.verdicts import Verdict
from app.policy import Actor, ActorKind, LimitReached
from app.tickets import changing, commenting, opening
from app.tickets.attaching import File, store
from app.tickets.commenting import Message
from app.tickets.conversation import Attachment, Comment
from app.tickets.models import Ticket
from app.tickets.opening import Request, find_or_add_contact
from app.tickets.settings import Contact, Queue

MAX_IN_COPY = 48


@dataclass(frozen=True)
class People:
    """Who wrote, and who else the mail went to."""

    author: Contact
    others: list[Contact]


def open_from(message: InboundMessage, mail: Inbound, sender: Sender, queue: Queue) -> tuple[Ticket, Comment]:
    """Open a ticket with the whole mail as its first message and those in copy as participants."""
    people = _people(message, mail, sender, may_copy=sender.verdict is not Verdict.FAIL)
    by = as_contact(people.author)
    ticket = opening.open_ticket(
        Request(
            subject=mail.subject or _("(no subject)"),
            queue=queue,
            requester=people.author,
            message=_message(message, mail, is_first=True),
            origin="email",
        ),
        by=by,
    )
    for contact in people.others:
        changing.add_participant(ticket, contact, by=by)
    threads.remember(ticket, mail)
    return ticket, _first_comment(ticket)


def answer_from(
    message: InboundMessage, mail: Inbound, sender: Sender, ticket: Ticket, *, may_join: bool
) -> Comment:
    """Add the mail's new words to a ticket as its author's public answer, which reopens it.

    Only an authenticated author can bring others into a conversation that exists.
    """
    people = _people(message, mail, sender, may_copy=sender.verdict is Verdict.PASS)
    by = as_contact(people.author)
    if may_join:
        changing.add_participant(ticket, people.author, by=by)
    for contact in people.others:
        changing.add_participant(ticket, contact, by=by)
    comment = commenting.reply(ticket, _message(message, mail), by=by)
    threads.remember(ticket, mail)
    return comment


def answer_as_agent(message: InboundMessage, mail: Inbound, agent: Actor, ticket: Ticket) -> Comment:
    """Add the mail's new words to a ticket as a colleague's public reply."""
    comment = commenting.reply(ticket, _message(message, mail), by=agent)
    threads.remember(ticket, mail)
    return comment


def note_unproven(message: InboundMessage, mail: Inbound, agent: Actor, ticket: Ticket) -> Comment:
    """Keep a mail that claims to be a colleague's as the system's own note: it is nobody's word, and not mailed."""
    said = _message(message, mail)
    warning = _(
        "%(who)s let in a mail that says it is from %(agent)s (%(address)s). Nothing proves that it is,"
        " so it was not sent to the requester.",
        who=message.findings.get("released_by") or _("Somebody"),
        agent=agent.name,
        address=mail.from_address,
    )
    html = f"<p><strong>{escape(warning)}</strong></p>{said.html}"
    comment = commenting.note(ticket, replace(said, html=html), by=settling.system(message))
    threads.remember(ticket, mail)
    return comment


def note_from(message: InboundMessage, mail: Inbound, ticket: Ticket) -> Comment:
    """Keep a machine's answer on the ticket where only members see it; nothing reopens, nobody is told."""
    by = as_contact(find_or_add_contact(mail.from_address, mail.from_name))
    comment = commenting.add_message(ticket, _message(message, mail), by=by, is_internal=True)
    threads.remember(ticket, mail)
    return comment


def as_contact(contact: Contact) -> Actor:
    """The contact as the author of acts."""
    return Actor(ActorKind.CONTACT, contact.tenant_id, contact.display_name, contact_id=contact.id)


def _first_comment(ticket: Ticket) -> Comment:
    return db.session.scalars(
        sa.select(Comment).where(
            Comment.tenant_id == ticket.tenant_id, Comment.ticket_id == ticket.id, Comment.is_first
        )
    ).one()


def _people(message: InboundMessage, mail: Inbound, sender: Sender, *, may_copy: bool) -> People:
    copied = _in_copy(message, mail, sender) if may_copy and mail.kind is not Kind.LIST else {}
    # In one order, so that two mails of the same people cannot wait for each other.
    names = {**copied, mail.from_address: mail.from_name}
    contacts = {address: find_or_add_contact(address, names[address]) for address in sorted(names)}
    others = [contacts[address] for address in copied]
    return People(contacts[mail.from_address], others)


def _in_copy(message: InboundMessage, mail: Inbound, sender: Sender) -> dict[str, str]:
    """The outsiders among To and Cc, as address: name."""
    inside = {mail.from_address, *sender.owners}
    found = {
        address: name
        for name, address in (*mail.cc, *mail.to)
        if not (address in inside or ours.is_ours(address) or is_unread_address(address))
    }
    if len(found) <= MAX_IN_COPY:
        return found
    note(message, left_out=f"{len(found)} people in copy, more than {MAX_IN_COPY}")
    return {}


def _message(message: InboundMessage, mail: Inbound, is_first: bool = False) -> Message:
    html = mail.html if is_first else mail.reply.html
    text = mail.text if is_first else mail.reply.text
    quoted = "" if is_first else mail.reply.quoted
    if html.strip():
        # Saying it sanitises once more, which would drop the pictures that were blocked the first time.
        html = richtext.show_remote(html, lambda address: address)
    else:
        html = richtext.linkify(text) if text.strip() else f"<p><em>{_('This mail has no text.')}</em></p>"
    return Message(
        html=html,
        quoted_html=richtext.linkify(quoted) if quoted else None,
        attachments=_store(message, mail),
        sent_at=mail.date,
    )


def _store(message: InboundMessage, mail: Inbound) -> list[Attachment]:
    """Store the files. Keys are the mail's own, so a second run replaces what a first one left."""
    stored = []
    for number, part in enumerate(mail.attachments):
        file = File(part.name, part.content_type, part.data, part.content_id or None, part.inline)
        try:
            stored.append(store(file, key=f"in/{message.id}/{number}"))
        except LimitReached as limit:
            # The words matter more: the files are still in the raw mail.
            note(message, files_left_out=f"{len(mail.attachments) - number}: {limit}")
            break
    return stored
