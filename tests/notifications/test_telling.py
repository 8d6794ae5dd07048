"""Each kind of event to the right people: never its author, who may not see the ticket, or another organisation."""

import threading
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from app.auth.models import User
from app.events import Event, EventKind, record
from app.extensions import db
from app.notifications import telling
from app.notifications.models import Notification
from app.notifications.watching import unwatch, watch, watchers_of
from app.organisations.models import Membership
from app.policy import Actor, ActorKind
from app.tenancy import acting_for
from app.tickets.changing import move_to_queue
from app.tickets.settings import Contact
from tests.notifications.scenes import (
    contact_of,
    give,
    hidden_queue,
    quiet_ticket,
    say,
    ticket_of,
    told,
    work,
)
from tests.world import House, World

ADA, MO, ALMA = "Ada Acme", "Mo Acme", "Alma Acme"


def test_a_new_ticket_is_told_to_the_queue(acme: House) -> None:
    ticket_of(acme)
    work(acme)
    assert told(acme) == {ADA: "new_ticket", MO: "new_ticket", ALMA: "new_ticket"}


def test_a_ticket_an_agent_opens_is_not_told_to_that_agent(acme: House) -> None:
    ticket_of(acme, by=acme.staff.actor)
    work(acme)
    assert set(told(acme)) == {MO, ALMA}


def test_an_assignment_is_told_to_the_assignee(acme: House) -> None:
    give(quiet_ticket(acme), acme.staff, by=acme.manager)
    work(acme)
    assert told(acme) == {ADA: "assigned"}


def test_taking_a_ticket_oneself_is_told_to_nobody(acme: House) -> None:
    give(quiet_ticket(acme), acme.staff, by=acme.staff)
    work(acme)
    assert told(acme) == {}


def test_only_the_assignment_that_stands_is_told(acme: House) -> None:
    ticket = quiet_ticket(acme)
    give(ticket, acme.staff, by=acme.admin)
    give(ticket, acme.manager, by=acme.admin)
    work(acme)
    assert told(acme) == {MO: "assigned"}


def test_an_answer_is_told_to_the_assignee_alone(acme: House) -> None:
    say(quiet_ticket(acme, acme.staff), "Still burning", by=contact_of(acme), public=True)
    work(acme)
    assert told(acme) == {ADA: "answer"}


def test_an_answer_on_nobodys_ticket_is_told_to_the_queue(acme: House) -> None:
    say(quiet_ticket(acme), "Still burning", by=contact_of(acme), public=True)
    work(acme)
    assert set(told(acme)) == {ADA, MO, ALMA}


def test_an_answer_is_told_to_watchers(acme: House) -> None:
    ticket = quiet_ticket(acme, acme.staff)
    watch(ticket, by=acme.admin.actor)
    say(ticket, "Still burning", by=contact_of(acme), public=True)
    work(acme)
    assert told(acme) == {ADA: "answer", ALMA: "answer"}


@pytest.mark.parametrize("public", [False, True])
def test_a_mention_is_told_to_the_mentioned(acme: House, public: bool) -> None:
    say(quiet_ticket(acme), "Can @Mo Acme look?", by=acme.staff, public=public)
    work(acme)
    assert told(acme) == {MO: "mention"}


def test_a_requesters_at_sign_mentions_nobody(acme: House) -> None:
    say(quiet_ticket(acme, acme.staff), "Hello @Mo Acme", by=contact_of(acme), public=True)
    work(acme)
    assert told(acme) == {ADA: "answer"}


def test_mentioning_oneself_tells_nobody(acme: House) -> None:
    say(quiet_ticket(acme), "@Ada Acme must look", by=acme.staff)
    work(acme)
    assert told(acme) == {}


@pytest.mark.parametrize("public", [False, True])
def test_a_note_or_reply_is_told_to_watchers_not_to_its_author(acme: House, public: bool) -> None:
    ticket = quiet_ticket(acme)
    watch(ticket, by=acme.admin.actor)
    watch(ticket, by=acme.staff.actor)
    say(ticket, "I will", by=acme.staff, public=public)
    work(acme)
    assert told(acme) == {ALMA: "watched"}


@pytest.mark.parametrize("kind", [EventKind.EMAIL_BOUNCED, EventKind.EMAIL_FAILED])
def test_mail_that_did_not_arrive_is_told_to_the_assignee(acme: House, kind: EventKind) -> None:
    ticket = quiet_ticket(acme, acme.staff)
    record(kind, by=Actor(ActorKind.SYSTEM, acme.id), ticket_id=ticket.id)
    db.session.commit()
    work(acme)
    assert told(acme) == {ADA: "undelivered"}


def test_a_hidden_queue_is_told_only_to_those_who_see_it(acme: House) -> None:
    queue = hidden_queue(acme, acme.manager)
    ticket = ticket_of(acme, queue=queue)
    watch(ticket, by=acme.staff.actor)
    say(ticket, "@Ada Acme and @Alma Acme", by=acme.manager)
    work(acme)
    assert told(acme) == {MO: "new_ticket", ALMA: "mention"}


def test_a_ticket_moved_into_a_queue_is_new_to_it(acme: House) -> None:
    ticket = quiet_ticket(acme)
    move_to_queue(ticket, hidden_queue(acme, acme.staff), by=acme.admin.actor)
    db.session.commit()
    work(acme)
    assert told(acme) == {ADA: "new_ticket"}


def test_who_left_or_may_not_sign_in_is_told_nothing(acme: House) -> None:
    left = db.session.get_one(Membership, (acme.id, acme.manager.membership_id))
    left.ended_at = datetime.now(UTC)
    db.session.get_one(User, acme.admin.user_id).disabled_at = datetime.now(UTC)
    ticket_of(acme)
    work(acme)
    assert told(acme) == {ADA: "new_ticket"}


def test_a_colleague_who_writes_in_as_a_requester_is_not_told_of_it(acme: House) -> None:
    ticket_of(acme, by=contact_of(acme, acme.staff.email))
    work(acme)
    assert set(told(acme)) == {MO, ALMA}


def test_a_requester_with_a_login_is_the_author_of_what_they_write(acme: House) -> None:
    by = contact_of(acme)
    db.session.get_one(Contact, (acme.id, by.contact_id)).user_id = acme.staff.user_id
    ticket_of(acme, by=by)
    work(acme)
    assert set(told(acme)) == {MO, ALMA}


def test_another_organisation_is_told_nothing(acme: House, world: World) -> None:
    say(ticket_of(acme), "@Gus Globex", by=acme.staff)
    work(acme)
    with acting_for(world.globex.id):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Notification)) == 0


def test_speaking_being_assigned_and_being_mentioned_make_a_watcher(acme: House) -> None:
    ticket = quiet_ticket(acme)
    give(ticket, acme.admin, by=acme.admin)
    say(ticket, "@Mo Acme", by=acme.staff)
    work(acme)
    people = (acme.staff, acme.manager, acme.admin)
    assert watchers_of(ticket) == {each.membership_id for each in people}


def test_who_stopped_watching_is_told_of_a_mention_but_does_not_start_again(acme: House) -> None:
    ticket = quiet_ticket(acme)
    unwatch(ticket, by=acme.manager.actor)
    say(ticket, "@Mo Acme", by=acme.staff)
    work(acme)
    assert told(acme) == {MO: "mention"}
    assert acme.manager.membership_id not in watchers_of(ticket)


def test_who_speaks_again_watches_again(acme: House) -> None:
    ticket = quiet_ticket(acme)
    unwatch(ticket, by=acme.staff.actor)
    say(ticket, "Me again", by=acme.staff)
    work(acme)
    assert acme.staff.membership_id in watchers_of(ticket)


def test_a_partners_admin_without_membership_is_told_nothing(acme: House) -> None:
    ticket = quiet_ticket(acme)
    watch(ticket, by=acme.partner_admin.actor)
    say(ticket, "@Nora Northwind", by=acme.staff)
    work(acme)
    assert told(acme) == {}


def test_an_event_told_twice_makes_one_row(acme: House) -> None:
    ticket_of(acme)
    work(acme)
    telling.tell(db.session.scalars(sa.select(Event).where(Event.kind == EventKind.TICKET_CREATED)).one())
    db.session.commit()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Notification)) == 3


def test_two_workers_make_one_row(app: Flask, acme: House) -> None:
    ticket_of(acme)
    event_id = db.session.scalars(sa.select(Event.id)).one()
    db.session.rollback()
    gate = threading.Barrier(2)

    def worker() -> None:
        with app.app_context(), acting_for(acme.id):
            event = db.session.get_one(Event, (acme.id, event_id))
            gate.wait()
            telling.tell(event)
            db.session.commit()

    threads = [threading.Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Notification)) == 3
