"""What can be done to a ticket: each verb's effect, the event it leaves, and what happens when two do it at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.events import Event, EventKind
from app.extensions import db, now
from app.signup import add_queue
from app.tenancy import acting_for
from app.tickets import changing
from app.tickets.commenting import Message, note, reply
from app.tickets.models import Counters, Priority
from app.tickets.opening import find_or_add_contact, status_for
from app.tickets.settings import Contact, StatusCategory
from tests.tickets.making import member, opened, rita


@pytest.fixture
def ticket(acme):
    return opened(acme)


@pytest.fixture
def by(acme):
    return acme.staff.actor


def events(ticket):
    db.session.flush()
    return list(db.session.scalars(sa.select(Event).where(Event.ticket_id == ticket.id).order_by(Event.id)))


def last(ticket):
    return events(ticket)[-1]


def test_opening_gives_a_number_a_new_status_and_the_first_message(acme, ticket):
    assert (ticket.number, ticket.status.category, ticket.priority) == (
        1,
        StatusCategory.NEW,
        Priority.MEDIUM,
    )
    assert ticket.preview == "Please help"
    assert ticket.waiting_since
    assert [each.kind for each in events(ticket)] == [EventKind.TICKET_CREATED]


def test_numbers_of_200_parallel_tickets_are_all_different(app, world):
    def one(_):
        with app.app_context(), acting_for(world.acme.id):
            number = opened(world.acme).number
            db.session.commit()
            return number

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(one, range(200)))
    assert sorted(numbers) == list(range(1, 201))


def test_each_organisation_counts_for_itself(app, world):
    with app.app_context():
        for house in world.houses:
            with acting_for(house.id):
                assert opened(house).number == 1


def test_two_mails_of_a_newcomer_at_once_make_one_contact(app, world):
    def one(_):
        with app.app_context(), acting_for(world.acme.id):
            found = find_or_add_contact(" New@Example.com ", "New").id
            db.session.commit()
            return found

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(one, range(16)))) == 1


CHANGES = {
    "status": (
        lambda ticket, house, by: changing.move_to(ticket, status_for(StatusCategory.PENDING), by=by),
        EventKind.TICKET_STATUS_CHANGED,
        ["New", "Waiting for requester"],
    ),
    "assignee": (
        lambda ticket, house, by: changing.assign(ticket, member(house, house.manager), by=by),
        EventKind.TICKET_ASSIGNED,
        [None, "Mo Acme"],
    ),
    "priority": (
        lambda ticket, house, by: changing.prioritise(ticket, Priority.URGENT, by=by),
        EventKind.TICKET_PRIORITY_CHANGED,
        ["medium", "urgent"],
    ),
    "subject": (
        lambda ticket, house, by: changing.rename(ticket, "Pink!", by=by),
        EventKind.TICKET_SUBJECT_CHANGED,
        ["The printer is pink", "Pink!"],
    ),
    "tag": (
        lambda ticket, house, by: changing.tag_with(ticket, ["Printer"], by=by),
        EventKind.TICKET_TAGGED,
        [None, "printer"],
    ),
    "participant": (
        lambda ticket, house, by: changing.add_participant(ticket, find_or_add_contact("c@d.example"), by=by),
        EventKind.PARTICIPANT_ADDED,
        [None, "c@d.example"],
    ),
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_change_is_recorded_with_who_old_and_new(acme, ticket, by, field):
    change, kind, old_and_new = CHANGES[field]
    change(ticket, acme, by)
    assert last(ticket).kind is kind
    assert last(ticket).changes == {field: old_and_new}
    assert (last(ticket).actor_name, last(ticket).user_id) == ("Ada Acme", acme.staff.user_id)


@pytest.mark.parametrize("field", CHANGES)
def test_changing_to_what_is_already_so_records_nothing(acme, ticket, by, field):
    change = CHANGES[field][0]
    change(ticket, acme, by)
    before = len(events(ticket))
    change(ticket, acme, by)
    assert len(events(ticket)) == before


def test_moving_to_another_queue_is_recorded(acme, ticket, by):
    from_organisation = member(acme, acme.admin).organisation
    changing.move_to_queue(ticket, add_queue("Projects", from_organisation), by=by)
    assert last(ticket).changes == {"queue": ["Support", "Projects"]}


def test_a_due_date_is_set_and_cleared(acme, ticket, by):
    due = now() + timedelta(days=1)
    changing.set_due(ticket, due, by=by)
    changing.set_due(ticket, None, by=by)
    assert last(ticket).changes == {"due": [due.isoformat(), None]}


def test_a_ticket_is_overdue_only_while_it_is_open(acme, ticket, by):
    changing.set_due(ticket, now() - timedelta(hours=1), by=by)
    assert ticket.is_overdue
    changing.move_to_category(ticket, StatusCategory.RESOLVED, by=by)
    assert not ticket.is_overdue


def test_taking_a_ticket_from_its_assignee_is_recorded(acme, ticket, by):
    changing.assign(ticket, member(acme, acme.staff), by=by)
    changing.assign(ticket, None, by=by)
    assert last(ticket).kind is EventKind.TICKET_UNASSIGNED
    assert last(ticket).changes == {"assignee": ["Ada Acme", None]}


def test_tags_are_set_as_a_whole_whatever_their_case(acme, ticket, by):
    changing.tag_with(ticket, ["Red", " blue ", ""], by=by)
    changing.tag_with(ticket, ["BLUE", "green"], by=by)
    assert [tag.name for tag in ticket.tags] == ["blue", "green"]
    assert last(ticket).changes == {"tag": ["red", None]}


def test_the_requester_is_not_put_in_copy(acme, ticket, by):
    changing.add_participant(ticket, ticket.requester, by=by)
    assert changing.participants(ticket) == []


def test_a_participant_can_be_taken_out_again(acme, ticket, by):
    contact = find_or_add_contact("c@d.example")
    changing.add_participant(ticket, contact, by=by)
    changing.remove_participant(ticket, contact, by=by)
    assert changing.participants(ticket) == []
    assert last(ticket).kind is EventKind.PARTICIPANT_REMOVED


def test_resolving_and_closing_keep_their_times_and_reopening_clears_them(acme, ticket, by):
    changing.move_to_category(ticket, StatusCategory.RESOLVED, by=by)
    resolved = ticket.resolved_at
    changing.move_to_category(ticket, StatusCategory.CLOSED, by=by)
    assert resolved == ticket.resolved_at <= ticket.closed_at
    changing.move_to_category(ticket, StatusCategory.OPEN, by=by)
    assert ticket.resolved_at is ticket.closed_at is None


def test_the_first_answer_of_an_agent_is_the_first_response(acme, ticket, by):
    note(ticket, Message.plain("looking"), by=by)
    assert ticket.first_response_at is None
    reply(ticket, Message.plain("hello"), by=by)
    first = ticket.first_response_at
    reply(ticket, Message.plain("once more"), by=by)
    assert first is not None
    assert ticket.first_response_at == first


def test_an_answer_opens_a_new_ticket_and_ends_the_wait(acme, ticket, by):
    reply(ticket, Message.plain("hello"), by=by)
    assert ticket.status.category is StatusCategory.OPEN
    assert ticket.waiting_since is None


def test_a_note_neither_shows_in_the_inbox_nor_ends_the_wait(acme, ticket, by):
    note(ticket, Message.plain("a secret"), by=by)
    assert ticket.preview == "Please help"
    assert ticket.waiting_since
    assert ticket.status.category is StatusCategory.NEW


@pytest.mark.parametrize("category", ["pending", "on_hold", "resolved", "closed"])
def test_the_requesters_answer_reopens(acme, ticket, by, category):
    changing.move_to_category(ticket, StatusCategory(category), by=by)
    reply(ticket, Message.plain("still pink"), by=rita(ticket.requester))
    assert ticket.status.category is StatusCategory.OPEN
    assert ticket.waiting_since
    assert ticket.resolved_at is None


def test_a_reply_and_what_it_changed_are_told_in_order(acme, ticket, by):
    reply(ticket, Message.plain("hello"), by=by)
    kinds = [each.kind for each in events(ticket)]
    assert kinds == [
        EventKind.TICKET_CREATED,
        EventKind.COMMENT_PUBLIC_BY_AGENT,
        EventKind.TICKET_STATUS_CHANGED,
    ]


def test_what_is_said_is_sanitised(acme, ticket, by):
    said = reply(ticket, Message('<p onclick="x()">hi<script>x()</script></p>'), by=by)
    assert said.html == "<p>hi</p>"


def test_comments_are_counted_without_the_first(acme, ticket, by):
    assert ticket.comment_count == 0
    reply(ticket, Message.plain("hello"), by=by)
    assert ticket.comment_count == 1


def test_a_ticket_needs_a_queue_of_its_own_organisation(app, world):
    with app.app_context(), acting_for(world.acme.id):
        ticket = opened(world.acme)
        ticket.queue_id = world.globex.queue_id
        with pytest.raises(sa.exc.IntegrityError):
            db.session.flush()
        db.session.rollback()


def test_an_organisation_has_one_counter(acme, ticket):
    opened(acme)
    assert db.session.scalars(sa.select(Counters.last_number)).one() == 2


def test_a_contact_is_found_whatever_its_case(acme, ticket):
    assert find_or_add_contact("RITA@Example.COM") is ticket.requester
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Contact)) == 1
