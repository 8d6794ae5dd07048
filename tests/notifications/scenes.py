"""Small verbs for tests of notifications: what members were told, and a queue that one of them may not see."""

from datetime import timedelta

import sqlalchemy as sa

from app.extensions import db, new_id, now
from app.jobs import Job, run_due
from app.mail.models import OutboundKind, OutboundMessage
from app.notifications.models import Notification, Preferences
from app.organisations.models import Membership
from app.policy import Actor, ActorKind
from app.tenancy import acting_for
from app.tickets.changing import assign
from app.tickets.commenting import Message, note, reply
from app.tickets.models import Ticket
from app.tickets.opening import Request, find_or_add_contact, open_ticket
from app.tickets.settings import Queue, QueueMember
from tests.world import House, Person

BOB = "bob@customer.example"


def contact_of(house: House, email: str = BOB) -> Actor:
    contact = find_or_add_contact(email, "Bob Buyer")
    return Actor(ActorKind.CONTACT, house.id, contact.name, contact_id=contact.id)


def ticket_of(
    house: House, *, by: Actor | None = None, queue: Queue | None = None, text: str = "It burns."
) -> Ticket:
    """A ticket of Bob's. Commits; what follows waits until `work`."""
    queue = queue or db.session.get_one(Queue, (house.id, house.queue_id))
    asked = Request("Printer burns", queue, find_or_add_contact(BOB, "Bob Buyer"), Message.plain(text))
    ticket = open_ticket(asked, by=by or contact_of(house))
    db.session.commit()
    return ticket


def quiet_ticket(house: House, assignee: Person | None = None, *, forget: bool = True) -> Ticket:
    """A ticket nobody still has to be told of. Commits."""
    ticket = ticket_of(house)
    if assignee:
        give(ticket, assignee, by=house.admin)
    work(house)
    if forget:
        db.session.execute(sa.delete(Notification))
        db.session.execute(sa.delete(Job))
    db.session.commit()
    return db.session.get_one(Ticket, (house.id, ticket.id))


def give(ticket: Ticket, person: Person, *, by: Person) -> None:
    assign(ticket, db.session.get_one(Membership, (person.tenant_id, person.membership_id)), by=by.actor)
    db.session.commit()


def say(ticket: Ticket, words: str, *, by: Person | Actor, public: bool = False) -> None:
    verb = reply if public else note
    verb(ticket, Message.plain(words), by=by.actor if isinstance(by, Person) else by)
    db.session.commit()


def hidden_queue(house: House, *members: Person) -> Queue:
    """A queue that only its members and managers see. Commits."""
    queue = Queue(id=new_id(), name="Secret", slug="secret", members_only=True)
    db.session.add(queue)
    db.session.flush()
    db.session.add_all(QueueMember(queue_id=queue.id, membership_id=each.membership_id) for each in members)
    db.session.commit()
    return queue


def work(house: House) -> None:
    """Let the worker run all that is due now, then read afresh."""
    db.session.rollback()
    run_due()
    db.session.expire_all()


def wait(house: House, minutes: float = 3) -> None:
    """Pass time for the jobs, what waits and what was sent; then work."""
    gone = timedelta(minutes=minutes)
    db.session.rollback()
    with acting_for(house.id):
        db.session.execute(sa.update(Job).values(run_at=Job.run_at - gone))
        db.session.execute(
            sa.update(Notification).values(
                mail_due_at=Notification.mail_due_at - gone, created_at=Notification.created_at - gone
            )
        )
        db.session.execute(sa.update(OutboundMessage).values(created_at=OutboundMessage.created_at - gone))
        db.session.commit()
    work(house)


def told(house: House) -> dict[str, str]:
    """Whom the bell tells, and why."""
    names = {person.membership_id: person.name for person in house.people.values()}
    rows = db.session.execute(sa.select(Notification.membership_id, Notification.reason))
    return {names[member]: reason.value for member, reason in rows}


def mails() -> list[OutboundMessage]:
    """Notices written, oldest first."""
    select = sa.select(OutboundMessage).where(OutboundMessage.kind == OutboundKind.NOTICE)
    return list(db.session.scalars(select.order_by(OutboundMessage.id)))


def mailed() -> dict[str, int]:
    """How many notices went to whom."""
    found: dict[str, int] = {}
    for message in mails():
        found[message.to[0][0]] = found.get(message.to[0][0], 0) + 1
    return found


def prefer(person: Person, **values: object) -> None:
    """Set a member's preferences. Commits."""
    db.session.add(Preferences(membership_id=person.membership_id, **values))
    db.session.commit()


def moment() -> str:
    return now().isoformat()
