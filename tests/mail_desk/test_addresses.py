"""Setting up an address: made, tested there and back, one's own registered only after a mail came through it."""

import re

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.jobs import run_due
from app.mail import checking
from app.mail.check_models import AddressCheck
from app.tenancy import acting_for
from app.tickets.settings import Mailbox, Queue
from tests.mail.delivering import deliver, last, mail, tickets

OWN = "help@customer.example"
GOOGLE = "forwarding-noreply@google.com"
LINK = "https://mail-settings.google.com/mail/vf-%5BANGjdJ8x%5D-abcdef123456"


@pytest.fixture
def desk(world, signed_in):
    return signed_in(world.acme.admin)


@pytest.fixture
def path(app, world):
    with app.app_context(), acting_for(world.acme.id):
        return world.acme.path(f"/settings/addresses/{db.session.scalars(sa.select(Mailbox.id)).one()}")


def work(app):
    with app.app_context():
        run_due()


def sent(app):
    """Every mail that left, latest first."""
    transport = app.extensions["mail_transport"]
    return [transport.read(name).decode() for name, _ in transport.names()]


def code_in(app):
    return re.search(r"\[WT-[A-Z2-7]{16}\]", "".join(sent(app)))[0]


def addresses(app, house):
    with app.app_context(), acting_for(house.id):
        return set(db.session.scalars(sa.select(Mailbox.address)))


def come_back(app, house, code, author="no-reply@mail.example.com"):
    deliver(app, mail(author, house.address, subject=f"Checking your address {code}"), house.address)


def test_an_address_is_made_for_a_queue(app, world, desk):
    data = {"queue": world.acme.queue_id}
    answer = desk.post(world.acme.path("/settings/addresses"), data=data, follow_redirects=True)
    (new,) = addresses(app, world.acme) - {world.acme.address}
    assert new in answer.text
    assert new in desk.get(world.acme.path("/settings/addresses")).text


def test_a_test_mail_goes_there_and_back(app, world, desk, path):
    page = desk.post(f"{path}/tests", follow_redirects=True).text
    assert "hx-get" in page
    work(app)
    come_back(app, world.acme, code_in(app))
    assert last(app, world.acme).reason == "address_check"
    assert tickets(app, world.acme) == []
    assert any("To: Alma Acme" in each and "comes in" in each for each in sent(app))
    progress = desk.get(f"{path}/progress").text
    assert progress.count("is-done") == 3
    assert "hx-get" not in progress


def test_ones_own_address_is_registered_once_a_mail_came_through_it(app, world, desk, path):
    desk.post(f"{path}/own", data={"address": OWN.upper()})
    work(app)
    assert OWN not in addresses(app, world.acme)
    come_back(app, world.acme, code_in(app))
    assert OWN in addresses(app, world.acme)


def test_a_check_that_comes_twice_is_no_ticket(app, world, desk, path):
    desk.post(f"{path}/own", data={"address": OWN})
    work(app)
    for _ in range(2):
        come_back(app, world.acme, code_in(app))
    assert tickets(app, world.acme) == []


@pytest.mark.parametrize("code", ["[WT-AAAAAAAAAAAAAAAA]", "[WT-1]", ""])
def test_a_guessed_code_registers_nothing(app, world, desk, path, code):
    desk.post(f"{path}/own", data={"address": OWN})
    work(app)
    come_back(app, world.acme, code, author="eve@evil.example")
    assert OWN not in addresses(app, world.acme)


def test_a_code_of_another_organisation_means_nothing_here(app, world, desk, path):
    desk.post(f"{path}/own", data={"address": OWN})
    work(app)
    come_back(app, world.globex, code_in(app), author="eve@evil.example")
    assert OWN not in addresses(app, world.acme) | addresses(app, world.globex)


def test_an_address_that_another_organisation_has_is_not_taken_from_it(app, world, desk, path):
    with app.app_context(), acting_for(world.globex.id):
        db.session.add(Mailbox(queue_id=world.globex.queue_id, address=OWN))
        db.session.commit()
    desk.post(f"{path}/own", data={"address": OWN})
    work(app)
    come_back(app, world.acme, code_in(app))
    assert OWN not in addresses(app, world.acme)
    assert "Another organisation here has this address." in desk.get(path).text


@pytest.mark.parametrize("address", ["", "no address", "x@mail.example.com", "a@b.example\nBcc: c@d.example"])
def test_what_is_no_address_of_ones_own_is_refused(app, desk, path, address):
    assert desk.post(f"{path}/own", data={"address": address}).status_code == 422
    work(app)
    assert sent(app) == []


def test_the_mails_to_unproven_addresses_are_few(app, world, desk, path, monkeypatch):
    monkeypatch.setattr(checking, "MOST_A_DAY", 2)
    for number in range(3):
        answer = desk.post(
            f"{path}/own", data={"address": f"v{number}@victim.example"}, follow_redirects=True
        )
    assert "enough for a day" in answer.text
    work(app)
    assert len(sent(app)) == 2


def test_googles_question_is_shown_where_one_sets_up_the_address(app, world, desk, path):
    subject = "(#123456789) Gmail Forwarding Confirmation - Receive Mail from help@customer.example"
    deliver(
        app, mail(GOOGLE, world.acme.address, subject=subject, body=LINK, proven=True), world.acme.address
    )
    page = desk.get(path).text
    assert "123456789" in page
    assert f'href="{LINK}"' in page
    assert tickets(app, world.acme) == []


def test_a_link_to_elsewhere_is_never_shown_as_googles(app, world, desk, path):
    evil = "https://mail.google.com.evil.example/mail/vf-aaaaaaaaaaaaaaaa"
    raw = mail(GOOGLE, world.acme.address, subject="(#1234567) x", body=evil)
    deliver(app, raw, world.acme.address, provider=None)
    assert "evil.example" not in desk.get(path).text


def test_what_cannot_leave_says_why(app, desk, path, monkeypatch):
    class Broken:
        def deliver(self, *_):
            raise checking.Permanent("550 relaying denied")

    monkeypatch.setitem(app.extensions, "mail_transport", Broken())
    desk.post(f"{path}/tests")
    work(app)
    assert "550 relaying denied" in desk.get(path).text


def test_the_queues_options_are_kept(app, world, desk, path):
    desk.post(f"{path}/options", data={"joining": "anyone", "accepts_lists": "y"})
    with app.app_context(), acting_for(world.acme.id):
        queue = db.session.scalars(sa.select(Queue)).one()
        assert (queue.joining.value, queue.accepts_lists, queue.acknowledges) == ("anyone", True, False)


def test_managers_may_not_set_up_addresses(world, signed_in, path):
    assert signed_in(world.acme.manager).get(path).status_code == 403


def test_a_check_is_the_organisations_own(app, world, desk, path):
    desk.post(f"{path}/tests")
    with app.app_context(), acting_for(world.globex.id):
        assert db.session.scalars(sa.select(AddressCheck)).all() == []
