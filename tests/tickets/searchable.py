"""Tickets for tests: said by somebody, in a queue, with answers."""

from app.extensions import db
from app.policy import Actor, ActorKind
from app.tickets.commenting import Message, note, reply
from app.tickets.models import Ticket
from app.tickets.opening import Request, find_or_add_contact, open_ticket
from app.tickets.settings import Queue
from tests.world import House, Person


def a_ticket(
    house: House,
    subject: str = "Printer jam",
    text: str = "It makes a noise.",
    who: tuple[str, str] = ("Rita Reeves", "rita@client.example"),
    queue: Queue | None = None,
) -> Ticket:
    """A ticket that its requester wrote. Not committed."""
    contact = find_or_add_contact(who[1], who[0])
    by = Actor(ActorKind.CONTACT, house.id, contact.name, contact_id=contact.id)
    queue = queue or db.session.get_one(Queue, (house.id, house.queue_id))
    return open_ticket(Request(subject, queue, contact, Message.plain(text)), by=by)


def answer(ticket: Ticket, person: Person, text: str, *, internal: bool = False) -> None:
    """An agent's reply or note on it."""
    (note if internal else reply)(ticket, Message.plain(text), by=person.actor)
