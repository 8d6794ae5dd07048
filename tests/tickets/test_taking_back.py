"""Taking back a reply: while it waits all of it is undone, once its mail leaves nothing is."""

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from app.events import Event, EventKind
from app.extensions import db, now
from app.jobs import Job, run_due
from app.mail.models import OutboundMessage
from app.tenancy import acting_for
from app.tickets.attaching import File, store
from app.tickets.conversation import Attachment, Comment
from app.tickets.models import Ticket
from app.tickets.search import TicketSearch
from app.tickets.settings import StatusCategory
from tests.tickets.casework import a_ticket


@pytest.fixture
def browser(app, acme, signed_in, monkeypatch):
    """Staff's browser where replies wait ten seconds."""
    monkeypatch.setitem(app.config, "UNDO_SEND_SECONDS", 10)
    return signed_in(acme.staff)


@pytest.fixture
def ticket(acme):
    return a_ticket(acme)


def say(browser, house, text="Use water.", **fields):
    """Reply on ticket 1; answers the page and the new comment's id."""
    data = {"text": text, "kind": "reply", "then": "stay", "once": str(uuid4()), **fields}
    page = browser.post(house.path("/tickets/1/comments"), data=data, follow_redirects=True)
    assert page.status_code == 200
    db.session.rollback()
    return page.text, db.session.scalars(
        sa.select(Comment.id).where(Comment.is_first.is_(False)).order_by(Comment.created_at.desc())
    ).first()


def back_path(house, comment_id):
    return house.path(f"/tickets/1/comments/{comment_id}/take-back")


def the_ticket():
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(sa.select(Ticket).where(Ticket.number == 1)).one()


def state(ticket):
    shown = ("last_message_at", "preview", "waiting_since", "first_response_at", "comment_count")
    return {name: getattr(ticket, name) for name in (*shown, "attachment_count", "status_id")}


def test_a_reply_waits_before_its_mail_is_written(acme, ticket, browser):
    page, comment_id = say(browser, acme)
    assert "Sending in 10 seconds" in page
    assert back_path(acme, comment_id) in page
    run_due()
    assert (
        db.session.scalar(sa.select(sa.func.count(OutboundMessage.id)).where(OutboundMessage.kind == "reply"))
        == 0
    )


def test_what_is_not_taken_back_leaves_after_its_time(acme, ticket, browser):
    say(browser, acme)
    db.session.execute(sa.update(Job).values(run_at=now() - timedelta(seconds=1)))
    db.session.commit()
    run_due()
    with acting_for(acme.id):
        assert db.session.scalars(
            sa.select(OutboundMessage.kind).where(OutboundMessage.kind == "reply")
        ).all()


def test_a_reply_taken_back_leaves_the_ticket_as_it_was(acme, ticket, browser):
    before = state(ticket)
    _, comment_id = say(browser, acme, then="resolve")
    status = the_ticket().status_id
    page = browser.post(
        back_path(acme, comment_id), data={"value": str(before["status_id"]), "seen": str(status)}
    )
    assert page.status_code == 200
    assert "Use water." in page.text
    assert state(the_ticket()) == before
    assert db.session.get(Comment, (acme.id, comment_id)) is None
    kinds = db.session.scalars(sa.select(Event.kind)).all()
    assert EventKind.COMMENT_TAKEN_BACK in kinds
    run_due()
    with acting_for(acme.id):
        assert not db.session.scalars(
            sa.select(OutboundMessage.id).where(OutboundMessage.kind == "reply")
        ).all()


def test_a_status_that_somebody_changed_meanwhile_stays(acme, ticket, browser):
    _, comment_id = say(browser, acme, then="resolve")
    browser.post(back_path(acme, comment_id), data={"value": str(ticket.status_id), "seen": str(uuid4())})
    assert the_ticket().status.category is StatusCategory.RESOLVED


def test_its_files_are_its_authors_drafts_again(acme, ticket, browser):
    with acting_for(acme.id):
        file = store(File("plan.txt", "text/plain", b"plan"), by=acme.staff.actor, ticket=the_ticket()).id
        db.session.commit()
    _, comment_id = say(browser, acme, attachment=str(file))
    page = browser.post(back_path(acme, comment_id)).text
    assert f'name="attachment" value="{file}"' in page
    db.session.rollback()
    assert db.session.get_one(Attachment, (acme.id, file)).comment_id is None
    _, again = say(browser, acme, "Now with a plan.", attachment=str(file))
    assert db.session.get_one(Attachment, (acme.id, file), populate_existing=True).comment_id == again


def test_the_search_forgets_its_words(acme, ticket, browser):
    before = db.session.scalar(sa.select(TicketSearch.document))
    _, comment_id = say(browser, acme, "zanzibar")
    browser.post(back_path(acme, comment_id))
    db.session.rollback()
    assert db.session.scalar(sa.select(TicketSearch.document)) == before


def test_a_signature_is_not_put_under_twice(acme, ticket, browser):
    _, comment_id = say(browser, acme, signature="Ada\nAcme")
    page = browser.post(back_path(acme, comment_id)).text
    assert 'data-words="&lt;p&gt;Use water.&lt;/p&gt;"' in page


def test_once_the_mail_is_being_sent_it_is_too_late(acme, ticket, browser):
    _, comment_id = say(browser, acme)
    db.session.execute(sa.update(Job).values(run_at=now() - timedelta(seconds=1)))
    db.session.commit()
    run_due()
    page = browser.post(back_path(acme, comment_id), follow_redirects=True)
    assert "Too late to undo" in page.text
    assert "Use water." in page.text
    assert the_ticket().comment_count == 1


@pytest.mark.parametrize("who", ["manager", "admin", "partner_admin"])
def test_only_its_author_takes_a_reply_back(acme, ticket, browser, signed_in, who):
    _, comment_id = say(browser, acme)
    assert signed_in(getattr(acme, who)).post(back_path(acme, comment_id)).status_code == 404


def test_a_note_is_not_taken_back(acme, ticket, browser):
    page, comment_id = say(browser, acme, kind="note")
    assert "take-back" not in page
    assert browser.post(back_path(acme, comment_id)).status_code == 404


def test_taken_back_twice_is_not_there(acme, ticket, browser):
    _, comment_id = say(browser, acme)
    browser.post(back_path(acme, comment_id))
    assert browser.post(back_path(acme, comment_id)).status_code == 404
