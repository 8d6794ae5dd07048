"""Two people change a ticket at once: nobody's work is overwritten unseen."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.orm.exc import StaleDataError

from app.extensions import db
from app.policy import Conflict
from app.tenancy import acting_for
from app.tickets import changing
from app.tickets.models import Ticket
from tests.tickets.making import opened


@pytest.fixture
def ticket(acme):
    return opened(acme)


@pytest.mark.parametrize(
    ("field", "seen"), [("priority", "medium"), ("subject", "The printer is pink"), ("assignee_id", "")]
)
def test_a_change_of_what_one_saw_is_let_through(acme, ticket, field, seen):
    changing.expect(ticket, field, seen)


@pytest.mark.parametrize("field", ["priority", "subject", "assignee_id", "status_id", "due_at"])
def test_a_change_of_what_is_no_longer_so_is_a_conflict_that_shows_both(acme, ticket, field):
    with pytest.raises(Conflict) as conflict:
        changing.expect(ticket, field, "what I saw")
    assert conflict.value.yours == "what I saw"
    assert conflict.value.field == field


def test_of_two_who_change_a_ticket_at_once_one_is_refused(app, world, acme):
    number = opened(acme).number
    db.session.commit()
    mine = db.session.scalars(sa.select(Ticket).where(Ticket.number == number)).one()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_rename_elsewhere, app, acme, number).result()
    mine.subject = "mine"
    with pytest.raises(StaleDataError):
        db.session.flush()
    db.session.rollback()
    assert db.session.scalar(sa.select(Ticket.subject).where(Ticket.number == number)) == "theirs"


def _rename_elsewhere(app, house, number):
    with app.app_context(), acting_for(house.id):
        found = db.session.scalars(sa.select(Ticket).where(Ticket.number == number)).one()
        changing.rename(found, "theirs", by=house.manager.actor)
        db.session.commit()
