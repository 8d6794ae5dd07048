"""Real conversations, in every order and sent twice, become the tickets a mail indexer finds."""

import random

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.mail.models import InboundMessage
from app.tenancy import acting_for
from app.tickets.models import Ticket
from app.tickets.settings import Joining, Queue
from tests.mail import corpus, delivering


@pytest.fixture
def open_queue(app, world):
    """Acme's queue, which anyone may join and which takes mailing lists."""
    with app.app_context(), acting_for(world.acme.id):
        queue = db.session.scalars(sa.select(Queue)).one()
        queue.joining, queue.accepts_lists = Joining.ANYONE, True
        db.session.commit()
    return world.acme


def groups(app, house):
    """The Message-IDs of each ticket."""
    with app.app_context(), acting_for(house.id):
        rows = db.session.execute(
            sa.select(InboundMessage.ticket_id, InboundMessage.message_id).where(
                InboundMessage.state.in_(["ticketed", "threaded"])
            )
        ).all()
    found = {}
    for ticket_id, message_id in rows:
        found.setdefault(ticket_id, set()).add(message_id)
    return sorted(map(sorted, found.values()))


def states(app, house):
    counted = {}
    for message in delivering.messages(app, house):
        counted[message.state.value] = counted.get(message.state.value, 0) + 1
    return counted


def test_threads_in_date_order_become_the_indexers_tickets(app, open_queue):
    for path in corpus.THREADS:
        assert delivering.post(app, path.read_bytes(), open_queue.address).status_code == 200
        delivering.run(app)
    assert states(app, open_queue) == {"ticketed": 24, "threaded": 28, "duplicate": 1}
    assert groups(app, open_queue) == sorted(map(sorted, corpus.EXPECTED["threads"]))
    assert sum(count for *_, count in delivering.tickets(app, open_queue)) == 28


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_threads_shuffled_and_sent_twice_lose_and_double_nothing(app, open_queue, seed):
    mails = [path.read_bytes() for path in corpus.THREADS] * 2
    random.Random(seed).shuffle(mails)
    for raw in mails:
        delivering.deliver(app, raw, open_queue.address, run=False)
    delivering.run(app)
    counted = states(app, open_queue)
    assert counted["ticketed"] + counted["threaded"] == corpus.EXPECTED["distinct_messages"]
    assert counted["duplicate"] == 2 * corpus.EXPECTED["files"] - corpus.EXPECTED["distinct_messages"]
    assert groups(app, open_queue) == sorted(map(sorted, corpus.EXPECTED["threads"]))


def test_odd_mails_become_ten_readable_tickets(app, world):
    for path in corpus.ODD:
        delivering.deliver(app, path.read_bytes(), world.acme.address)
    assert len(delivering.tickets(app, world.acme)) == 10
    for _, author, _, text in delivering.comments(app, world.acme):
        assert author
        assert text.strip()
    with app.app_context(), acting_for(world.acme.id):
        assert db.session.scalar(sa.select(sa.func.sum(Ticket.attachment_count))) >= 3
