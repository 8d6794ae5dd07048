"""A bulk edit of five thousand tickets is a line in the bell and a mail or two (F2)."""

import sqlalchemy as sa

from app.events import Event, EventKind
from app.extensions import db, new_id
from app.notifications import telling
from app.notifications.models import MailState, Notification
from app.notifications.reading import glance
from app.policy import ActorKind
from app.tickets.models import Ticket
from tests.notifications.scenes import mailed, mails, quiet_ticket, wait
from tests.world import House

TICKETS, EVENTS, TOLD = (
    50,
    5_000,
    200,
)  # those told one by one; the others' rows are written as it writes them


def bulk_events(house: House) -> list[Event]:
    """What a bulk assignment to Ada by Mo records, without the tickets' own cost."""
    first = quiet_ticket(house, house.staff)
    columns = [column.name for column in Ticket.__table__.columns]
    row = {name: getattr(first, name) for name in columns}
    rows = [row | {"id": new_id(), "number": 1000 + number} for number in range(TICKETS - 1)]
    db.session.execute(sa.insert(Ticket), rows)
    ids = [first.id, *(each["id"] for each in rows)]
    values = {
        "kind": EventKind.TICKET_ASSIGNED,
        "actor_kind": ActorKind.AGENT,
        "actor_name": house.manager.name,
    }
    values |= {"user_id": house.manager.user_id, "changes": {"assignee": [None, house.staff.name]}}
    events = [Event(id=new_id(), ticket_id=ids[number % TICKETS], **values) for number in range(EVENTS)]
    db.session.add_all(events)
    db.session.flush()
    return events


def tell_all(events: list[Event]) -> None:
    for event in events[:TOLD]:
        telling.tell(event)
    columns = [column.name for column in Notification.__table__.columns]
    row = db.session.execute(sa.select(Notification.__table__)).mappings().first()
    more = [
        {name: row[name] for name in columns}
        | {"id": new_id(), "event_id": event.id, "ticket_id": event.ticket_id}
        for event in events[TOLD:]
    ]
    db.session.execute(sa.insert(Notification), more)
    db.session.commit()


def test_f2_five_thousand_events_of_a_bulk_edit_are_one_line_and_few_mails(acme: House) -> None:
    tell_all(bulk_events(acme))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Notification)) == EVENTS
    assert glance(acme.staff.actor).unread == 1
    wait(acme)
    assert mailed()["Ada Acme"] == 1
    assert mails()[0].purpose.startswith("digest:")
    assert set(db.session.scalars(sa.select(Notification.mail))) == {MailState.WRITTEN}
