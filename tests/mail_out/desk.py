"""Small verbs for tests of outgoing mail: a mail that came in, an answer to it, and time that passes."""

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import sqlalchemy as sa

from app.extensions import db, now
from app.jobs import Job, Lane, run_due
from app.mail.models import InboundMessage, InboundState, OutboundMessage
from app.policy import Actor, ActorKind
from app.tenancy import acting_for
from app.tickets.attaching import File, store
from app.tickets.changing import add_participant
from app.tickets.commenting import Message, note, reply
from app.tickets.conversation import Comment
from app.tickets.models import Ticket
from app.tickets.opening import Request, find_or_add_contact, open_ticket
from app.tickets.settings import Mailbox, Queue
from tests.world import House

BOB = "bob@customer.example"
HEAD = "From: Bob Buyer <{sender}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nMessage-ID: <{mid}>\r\n{more}\r\nHello\r\n"


def arrive(house: House, subject: str = "Printer burns", sender: str = BOB, **about: str) -> Ticket:
    """A ticket opened by a mail, as receiving leaves it; `about` as for `_came`. Commits, reactions wait."""
    contact = find_or_add_contact(sender, "Bob Buyer")
    by = Actor(ActorKind.CONTACT, house.id, contact.name, contact_id=contact.id)
    queue = db.session.get_one(Queue, (house.id, house.queue_id))
    asked = Request(subject, queue, contact, Message.plain("The printer burns."), origin="mail")
    ticket = open_ticket(asked, by=by)
    db.session.add(_came(house, ticket, sender, **about))
    db.session.commit()
    return ticket


def _came(
    house: House,
    ticket: Ticket,
    sender: str,
    *,
    kind: str = "human",
    verdict: str = "pass",
    to: str | None = None,
    more: str = "",
    envelope_from: str = "bounce@customer.example",
) -> InboundMessage:
    mid = f"{ticket.number}@customer.example"
    raw = HEAD.format(
        sender=sender, to=to or house.address, subject=ticket.subject, mid=mid, more=more
    ).encode()
    return InboundMessage(
        mailbox_id=db.session.scalars(sa.select(Mailbox.id)).first(),
        recipient=house.address,
        envelope_from=envelope_from,
        raw=raw,
        size=len(raw),
        state=InboundState.TICKETED,
        message_id=mid,
        from_address=sender,
        kind=kind,
        findings={"verdict": verdict},
        ticket_id=ticket.id,
        comment_id=db.session.scalars(sa.select(Comment.id).where(Comment.ticket_id == ticket.id)).one(),
    )


def answer(house: House, ticket: Ticket, html: str = "<p>Use <b>water</b>.</p>", **files: File) -> Comment:
    """An agent's public reply, with files. Commits."""
    attachments = [store(file, by=house.staff.actor, ticket=ticket) for file in files.values()]
    comment = reply(ticket, Message(html, attachments=attachments), by=house.staff.actor)
    db.session.commit()
    return comment


def whisper(house: House, ticket: Ticket, words: str) -> Comment:
    """An internal note. Commits."""
    comment = note(ticket, Message.plain(words), by=house.staff.actor)
    db.session.commit()
    return comment


def copy_to(house: House, ticket: Ticket, *addresses: str) -> None:
    """Put these addresses in copy. Commits."""
    for address in addresses:
        add_participant(ticket, find_or_add_contact(address), by=house.staff.actor)
    db.session.commit()


def work(house: House, lane: Lane | None = None) -> None:
    """Let the worker run all that is due, or one lane of it, then read afresh for the house."""
    db.session.rollback()
    run_due(lane)
    db.session.expire_all()


def later_on(house: House, minutes: float = 2) -> None:
    """Pass time: jobs that wait become due, attempts and creations lie further back."""
    gone = timedelta(minutes=minutes)
    db.session.rollback()
    with acting_for(house.id):
        db.session.execute(sa.update(Job).values(run_at=now()))
        db.session.execute(
            sa.update(OutboundMessage).values(
                attempted_at=OutboundMessage.attempted_at - gone, created_at=OutboundMessage.created_at - gone
            )
        )
        db.session.commit()


def outbound(kind: str = "reply") -> list[OutboundMessage]:
    """The organisation's outgoing messages of a kind, oldest first."""
    select = sa.select(OutboundMessage).where(OutboundMessage.kind == kind).order_by(OutboundMessage.id)
    return list(db.session.scalars(select.execution_options(populate_existing=True)))


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def bodies(raw: bytes) -> str:
    """Text and HTML of a mail, decoded, one after the other."""
    parts = [part for part in read(raw).walk() if part.get_content_maintype() == "text"]
    return "\n".join(part.get_content() for part in parts)
