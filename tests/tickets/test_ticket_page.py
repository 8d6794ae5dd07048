"""A ticket's page: what is said on it, what it is, and what happens when somebody else was faster."""

from uuid import uuid4

import pytest

from app.extensions import db
from app.tickets.changing import prioritise
from app.tickets.conversation import Comment
from app.tickets.models import Priority, Ticket
from app.tickets.settings import StatusCategory
from tests.tickets.casework import a_ticket


@pytest.fixture
def path(acme):
    """The address of a fresh ticket."""
    return acme.path(f"/tickets/{a_ticket(acme).number}")


def the_ticket() -> Ticket:
    db.session.rollback()
    return db.session.query(Ticket).one()


def said(kind: str) -> list[Comment]:
    db.session.rollback()
    return db.session.query(Comment).filter(Comment.is_internal == (kind == "note"), ~Comment.is_first).all()


def test_a_reply_is_public_and_opens_the_ticket(acme, signed_in, path):
    answer = signed_in(acme.staff).post(f"{path}/comments", data={"kind": "reply", "text": "On my way."})
    assert [each.text for each in said("reply")] == ["On my way."]
    assert answer.location.startswith(f"{path}#comment-")
    assert the_ticket().status.category is StatusCategory.OPEN


def test_a_note_stays_inside(acme, signed_in, path):
    browser = signed_in(acme.staff)
    browser.post(f"{path}/comments", data={"kind": "note", "text": "He always says that."})
    assert [each.text for each in said("note")] == ["He always says that."]
    assert said("reply") == []
    assert "Only your team sees this" in browser.get(path).text


def test_send_and_resolve_is_one_step(acme, signed_in, path):
    signed_in(acme.staff).post(f"{path}/comments", data={"kind": "reply", "text": "Done.", "then": "resolve"})
    assert the_ticket().status.category is StatusCategory.RESOLVED


def test_p10_the_same_form_sent_twice_says_it_once(acme, signed_in, path):
    browser, form = signed_in(acme.staff), {"kind": "reply", "text": "Once.", "once": str(uuid4())}
    answers = [browser.post(f"{path}/comments", data=form) for _ in range(2)]
    assert [each.status_code for each in answers] == [303, 303]
    assert len(said("reply")) == 1


def test_an_empty_message_is_refused_where_one_writes(acme, signed_in, path):
    answer = signed_in(acme.staff).post(f"{path}/comments", data={"kind": "reply", "text": " \n "})
    assert answer.status_code == 422
    assert "Write something first." in answer.text


def test_m15_what_an_editor_sends_is_sanitised(acme, signed_in, path):
    html = '<div onclick="x()">Hi<script>alert(1)</script><img src=x onerror=alert(1)></div>'
    browser = signed_in(acme.staff)
    browser.post(f"{path}/comments", data={"kind": "reply", "html": html})
    page = browser.get(path).text
    assert "onclick" not in page
    assert "onerror" not in page
    assert "alert(1)" not in page


def test_a_property_changes_in_place_with_a_way_back(acme, signed_in, path):
    browser = signed_in(acme.staff)
    answer = browser.post(f"{path}/priority", data={"value": "urgent", "seen": "medium"})
    assert (answer.status_code, answer.location) == (303, path)
    assert the_ticket().priority is Priority.URGENT
    page = browser.get(path).text
    assert "Priority: Urgent" in page
    assert 'name="value" value="medium"' in page  # the undo
    assert "changed the priority from medium to urgent" in page


def test_a_stale_change_shows_both_values_and_overwrites_nothing(acme, signed_in, path):
    prioritise(the_ticket(), Priority.HIGH, by=acme.admin.actor)
    db.session.commit()
    answer = signed_in(acme.staff).post(f"{path}/priority", data={"value": "low", "seen": "medium"})
    assert answer.status_code == 409
    assert "High" in answer.text
    assert "Low" in answer.text
    assert acme.admin.name in answer.text
    assert the_ticket().priority is Priority.HIGH


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("status", "01a20a9d-cb6c-7698-acb6-01a98990e20b"),
        ("assignee", "x"),
        ("queue", ""),
        ("priority", "9"),
        ("due", "soon"),
    ],
)
def test_a_value_that_does_not_exist_is_refused(acme, signed_in, path, what, value):
    answer = signed_in(acme.staff).post(f"{path}/{what}", data={"value": value, "seen": ""})
    assert answer.status_code == 422


def test_tags_come_and_go_one_by_one(acme, signed_in, path):
    browser = signed_in(acme.staff)
    for name in ("VPN", "Router"):
        browser.post(f"{path}/tags", data={"tag": name})
    browser.post(f"{path}/tags/remove", data={"tag": "vpn"})
    assert [each.name for each in the_ticket().tags] == ["router"]


def test_somebody_put_in_copy_is_named_where_one_writes(acme, signed_in, path):
    browser = signed_in(acme.staff)
    browser.post(f"{path}/participants", data={"email": "Boss@Customer.example"})
    assert "boss@customer.example" in browser.get(path).text
    assert browser.post(f"{path}/participants", data={"email": "no address"}).status_code == 422


def test_the_last_minute_of_a_due_day_is_where_the_reader_is(acme, signed_in, path):
    signed_in(acme.staff).post(f"{path}/due", data={"value": "2030-07-01", "seen": ""})
    assert the_ticket().due_at.isoformat() == "2030-07-01T22:59:00+00:00"  # London, in summer


def test_a_new_ticket_starts_with_its_first_message(acme, signed_in):
    form = {
        "email": "Caller@Customer.example",
        "name": "Cal Ler",
        "subject": "No tone",
        "text": "The phone is dead.",
        "queue": str(acme.queue_id),
        "assignee": str(acme.staff.membership_id),
        "priority": "high",
        "kind": "keep",
        "once": str(uuid4()),
    }
    browser = signed_in(acme.staff)
    answers = [browser.post(acme.path("/tickets/new"), data=form) for _ in range(2)]
    ticket = the_ticket()
    assert answers[0].location == acme.path(f"/tickets/{ticket.number}")
    assert (ticket.subject, ticket.priority, ticket.requester.name) == ("No tone", Priority.HIGH, "Cal Ler")
    assert ticket.assignee_id == acme.staff.membership_id
