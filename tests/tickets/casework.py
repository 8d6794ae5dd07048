"""Tickets for the tests of pages: short to write, as they come from mail or a caller."""

from typing import Any

from app.extensions import db
from app.policy import Actor, ActorKind
from app.tickets import attaching
from app.tickets.commenting import Message, note, reply
from app.tickets.models import Ticket
from app.tickets.opening import Request, find_or_add_contact, open_ticket
from app.tickets.settings import Queue
from tests.world import House


def contact_actor(house: House, email: str = "rita@customer.example", name: str = "Rita") -> Actor:
    contact = find_or_add_contact(email, name)
    return Actor(ActorKind.CONTACT, house.id, name, contact_id=contact.id)


def a_ticket(house: House, subject: str = "The printer is on fire", **more: Any) -> Ticket:
    """A ticket that a requester opened; commits, so that a page can show it."""
    email = more.pop("email", "rita@customer.example")
    by = contact_actor(house, email)
    request = Request(
        subject=subject,
        queue=db.session.get_one(Queue, (house.id, house.queue_id)),
        requester=find_or_add_contact(email),
        message=more.pop("message", Message.plain("It smokes.")),
        **more,
    )
    ticket = open_ticket(request, by=by)
    db.session.commit()
    return ticket


def a_long_ticket(house: House, comments: int) -> Ticket:
    """A ticket with that many replies and notes, a file on each."""
    ticket = a_ticket(house)
    for number in range(comments):
        file = attaching.store(attaching.File(f"{number}.txt", "text/plain", b"words"))
        say = note if number % 3 == 0 else reply
        say(ticket, Message.plain(f"message {number}", [file]), by=house.staff.actor)
    db.session.commit()
    return ticket
