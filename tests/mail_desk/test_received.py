"""The desk's list of what came, the page of one mail, and what can be done with one or many."""

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.jobs import run_due
from app.mail.models import InboundMessage
from app.tenancy import acting_for
from app.tickets.settings import Contact
from tests.mail.delivering import deliver, last, mail, messages, tickets
from tests.mail_desk.looking import queries

TWO_AUTHORS = "a@example.org, b@example.org"
SPAM = "X-Mailgun-Sflag: Yes\n"


@pytest.fixture
def desk(world, signed_in):
    return signed_in(world.acme.manager)


def act(browser, house, what, *ids):
    answer = browser.post(
        house.path("/mail/acts"), data={"act": what, "message": list(ids)}, follow_redirects=True
    )
    assert answer.status_code == 200
    return answer.text


def held(app, house, author="ann@example.org", **more):
    deliver(app, mail(author, house.address, headers=SPAM, **more), house.address)
    return last(app, house).id


def test_every_mail_is_listed_with_what_became_of_it(app, world, desk):
    held(app, world.acme, subject="Cheap pills")
    deliver(app, mail("bob@example.net", world.acme.address, subject="The door jams"), world.acme.address)
    page = desk.get(world.acme.path("/mail")).text
    assert "Cheap pills" in page
    assert "The mail provider marked it as spam." in page
    assert "It opened a ticket." in page
    assert "#1" in page


@pytest.mark.parametrize(
    "query",
    ["state=held", "sender=ann@", "q=pills", "kind=human&state=held", "since=2020-01-01&q=pills", "q=ANN"],
)
def test_the_list_is_narrowed(app, world, desk, query):
    held(app, world.acme, subject="Cheap pills")
    deliver(app, mail("bob@example.net", world.acme.address, subject="The door jams"), world.acme.address)
    page = desk.get(world.acme.path(f"/mail?{query}")).text
    assert "Cheap pills" in page
    assert "The door jams" not in page


@pytest.mark.parametrize("query", ["state=nonsense", "since=yesterday", "mailbox=7", "page=-1", "kind=x"])
def test_a_filter_that_makes_no_sense_is_passed_over(app, world, desk, query):
    held(app, world.acme, subject="Cheap pills")
    assert "Cheap pills" in desk.get(world.acme.path(f"/mail?{query}")).text


def test_the_list_costs_the_same_for_one_mail_and_many(app, world, desk):
    held(app, world.acme)
    with queries(app) as few:
        desk.get(world.acme.path("/mail"))
    for number in range(5):
        deliver(app, mail(f"p{number}@example.net", world.acme.address), world.acme.address)
    with queries(app) as many:
        desk.get(world.acme.path("/mail"))
    assert len(few) == len(many)


def test_a_mail_says_why_it_went_where_it_went(app, world, desk):
    deliver(app, mail(to=world.acme.address, number=1, proven=True), world.acme.address)
    deliver(app, mail(to=world.acme.address, headers="In-Reply-To: <m1@example.org>\n"), world.acme.address)
    page = desk.get(world.acme.path(f"/mail/{last(app, world.acme).id}")).text
    assert "It answers an earlier mail on the ticket." in page
    assert "Its sender takes part in the conversation." in page
    assert "Unknown: no mail server that we trust looked at it." in page
    first = desk.get(world.acme.path(f"/mail/{messages(app, world.acme)[0].id}")).text
    assert "Proven: example.org vouches for it" in first


def test_the_original_is_only_ever_stored(app, world, desk):
    answer = desk.get(world.acme.path(f"/mail/{held(app, world.acme)}/raw"))
    assert answer.data.startswith(b"From: ann@")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content_type == "application/octet-stream"


def test_the_framed_mail_can_run_nothing(app, world, desk):
    answer = desk.get(world.acme.path(f"/mail/{held(app, world.acme)}/original?bare=1"))
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy


def test_a_released_mail_is_filed(app, world, desk):
    assert "1 released" in act(desk, world.acme, "release", held(app, world.acme))
    with app.app_context():
        run_due()
    assert len(tickets(app, world.acme)) == 1


def test_a_rejected_mail_stays_out_and_can_still_be_released(app, world, desk):
    message = held(app, world.acme)
    assert "1 rejected" in act(desk, world.acme, "reject", message)
    assert last(app, world.acme).reason == "discarded"
    act(desk, world.acme, "release", message)
    with app.app_context():
        run_due()
    assert len(tickets(app, world.acme)) == 1


def test_trying_again_asks_every_check_anew(app, world, desk):
    message = held(app, world.acme)
    act(desk, world.acme, "reprocess", message)
    with app.app_context():
        run_due()
    assert last(app, world.acme).reason == "spam"
    assert "Mo Acme had it filed anew." in desk.get(world.acme.path(f"/mail/{message}")).text


def test_a_blocked_sender_is_held_until_unblocked(app, world, desk):
    message = held(app, world.acme)
    act(desk, world.acme, "block", message)
    deliver(app, mail(to=world.acme.address), world.acme.address)
    assert last(app, world.acme).reason == "blocked_sender"
    act(desk, world.acme, "unblock", message)
    with app.app_context(), acting_for(world.acme.id):
        assert db.session.scalars(sa.select(Contact.blocked_at)).one() is None


def test_a_bulk_act_says_what_it_left(app, world, desk):
    first, second = held(app, world.acme), held(app, world.acme, author="eve@evil.example")
    deliver(app, mail("bob@example.net", world.acme.address), world.acme.address)
    page = act(desk, world.acme, "reject", first, second, last(app, world.acme).id, world.acme.id)
    assert "2 rejected" in page
    assert "1 left as it was: it is not held but: new ticket" in page
    assert "1 left as it was: it is not here" in page


def test_not_even_a_release_helps_a_mail_without_one_author(app, world, desk):
    deliver(app, mail(TWO_AUTHORS, world.acme.address), world.acme.address)
    message = last(app, world.acme).id
    assert "it has no author" in act(desk, world.acme, "release", message)
    assert last(app, world.acme).state == "held"


def test_mail_of_another_organisation_is_not_touched(app, world, signed_in):
    message = held(app, world.acme)
    act(signed_in(world.globex.admin), world.globex, "release", message)
    assert last(app, world.acme).state == "held"


def test_staff_see_no_mail_desk(world, signed_in):
    browser = signed_in(world.acme.staff)
    assert browser.get(world.acme.path("/mail")).status_code == 403
    assert "Mail desk" not in browser.get(world.acme.path("/tickets")).text


def test_a_mail_that_cannot_be_read_still_has_its_page(app, world, desk):
    deliver(app, b"\x00\xff" * 50, world.acme.address)
    message = last(app, world.acme)
    answer = desk.get(world.acme.path(f"/mail/{message.id}"))
    assert answer.status_code == 200
    with app.app_context(), acting_for(world.acme.id):
        assert db.session.get_one(InboundMessage, (world.acme.id, message.id)).state == "held"
