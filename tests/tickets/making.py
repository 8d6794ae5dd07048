"""A ticket to try things on, and who tries them."""

from app.extensions import db
from app.organisations.models import Membership
from app.policy import Actor, ActorKind
from app.tickets.commenting import Message
from app.tickets.opening import Request, find_or_add_contact, open_ticket
from app.tickets.settings import Queue

RITA = "rita@example.com"


def opened(house, subject="The printer is pink", **more):
    queue = db.session.get_one(Queue, (house.id, more.pop("queue_id", house.queue_id)))
    requester = find_or_add_contact(RITA, "Rita")
    request = Request(subject, queue, requester, Message.plain("Please help"), **more)
    return open_ticket(request, by=rita(requester))


def rita(requester):
    return Actor(ActorKind.CONTACT, requester.tenant_id, "Rita", contact_id=requester.id)


def member(house, person):
    return db.session.get_one(Membership, (house.id, person.membership_id))
