"""Registering: what one gets, what a stranger learns, and what a second click does."""

import re
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.auth.models import User
from app.auth.throttling import LETTERS_TO
from app.extensions import db
from app.organisations.models import Membership, Organisation
from app.policy import Role
from app.tenancy import acting_for
from app.tickets.settings import Mailbox, Queue, QueueMember, Status, StatusCategory
from tests.world import PASSWORD

NEWCOMER = {
    "organisation": "Quiet Water",
    "name": "Ines Quiet",
    "email": "Ines@example.com",
    "password": "seven grey herons",
}


def mails(app):
    folder = Path(app.config["MAIL_SINK_PATH"])
    found = sorted(folder.rglob("*.eml"), key=lambda path: path.stat().st_mtime_ns) if folder.exists() else []
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in found]


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def link(app):
    return re.search(r"http://localhost(/register/\S+)", text_of(mails(app)[-1])).group(1)


def count(app, model):
    with app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(model))


def test_a_confirmed_registration_opens_an_organisation_with_everything(app, client):
    client.post("/register", data=NEWCOMER)
    assert client.post(link(app)).location == "/o/quiet-water/tickets"
    with app.app_context():
        organisation = db.session.scalars(sa.select(Organisation)).one()
        user = db.session.scalars(sa.select(User)).one()
        assert user.email == "ines@example.com"
        assert user.email_verified_at
        with acting_for(organisation.id):
            assert db.session.scalars(sa.select(Membership)).one().role is Role.ADMIN
            assert db.session.scalars(sa.select(Queue)).one().name == "Support"
            assert db.session.scalars(sa.select(QueueMember)).one()
            assert db.session.scalars(sa.select(Mailbox.address)).one().endswith("@mail.example.com")
            assert set(db.session.scalars(sa.select(Status.category))) == set(StatusCategory)


def test_confirming_signs_in(app, client):
    client.post("/register", data=NEWCOMER)
    client.post(link(app))
    assert client.get("/").location == "/o/quiet-water/tickets"


def test_nothing_is_made_before_the_mailbox_is_shown_to_be_ones_own(app, client):
    assert client.post("/register", data=NEWCOMER).status_code == 200
    assert count(app, User) == count(app, Organisation) == 0


def test_a16_a_scanner_that_follows_the_link_confirms_nothing(app, client):
    client.post("/register", data=NEWCOMER)
    assert app.test_client().get(link(app)).status_code == 200
    assert count(app, User) == 0


def test_the_mailbox_alone_is_not_enough_in_another_browser(app, client):
    client.post("/register", data=NEWCOMER)
    other = app.test_client()
    assert other.post(link(app)).status_code == 400
    assert other.post(link(app), data={"password": "not this one at all"}).status_code == 401
    assert other.post(link(app), data={"password": NEWCOMER["password"]}).status_code == 302


def test_a_link_works_once(app, client):
    client.post("/register", data=NEWCOMER)
    address = link(app)
    client.post(address)
    assert client.post(address).status_code == 404
    assert count(app, Organisation) == 1


def test_a_link_clicked_in_eight_threads_opens_one_organisation(app, client):
    client.post("/register", data=NEWCOMER)
    address = link(app)
    data = {"password": NEWCOMER["password"]}
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: app.test_client().post(address, data=data).status_code, range(8)))
    assert sorted(set(codes)) in ([302, 404], [302])
    assert count(app, Organisation) == count(app, User) == 1


def test_p10_a_form_sent_twice_ends_in_one_organisation(app, client):
    client.post("/register", data=NEWCOMER)
    first = link(app)
    client.post("/register", data=NEWCOMER)
    second = link(app)
    data = {"password": NEWCOMER["password"]}
    app.test_client().post(first, data=data)
    assert app.test_client().post(second, data=data).location == "/sign-in"
    assert count(app, Organisation) == count(app, User) == 1


def test_an_expired_link_says_what_to_do(app, client):
    client.post("/register", data=NEWCOMER)
    with app.app_context():
        db.session.execute(sa.text("UPDATE registrations SET expires_at = now()"))
        db.session.commit()
    answer = client.get(link(app))
    assert answer.status_code == 404
    assert "register again" in answer.text


def test_a4_a_known_address_gets_the_same_answer_as_a_new_one(app, world, client):
    taken = client.post("/register", data=NEWCOMER | {"email": world.acme.staff.email})
    free = app.test_client().post("/register", data=NEWCOMER)
    same = [
        "\n".join(
            line
            for line in each.text.replace(email, "").splitlines()
            if "nonce" not in line and "csrf" not in line
        )
        for each, email in ((taken, world.acme.staff.email), (free, "ines@example.com"))
    ]
    assert taken.status_code == free.status_code
    assert same[0] == same[1]


def test_a12_the_owner_of_a_known_address_is_told_by_mail_and_nothing_changes(app, world, client):
    client.post("/register", data=NEWCOMER | {"email": world.acme.staff.email})
    mail = mails(app)[-1]
    assert "already have an account" in text_of(mail)
    assert mail["To"].addresses[0].addr_spec == world.acme.staff.email
    assert count(app, Organisation) == 2


def test_a12_a_name_that_is_taken_opens_an_organisation_of_its_own(app, world, client):
    client.post("/register", data=NEWCOMER | {"organisation": "Acme"})
    place = client.post(link(app)).location
    assert place.startswith("/o/acme-")
    assert client.get("/o/acme/").status_code == 404


def test_m11_no_word_of_the_asker_is_in_the_mail(app, client):
    client.post("/register", data=NEWCOMER | {"organisation": "Buy now evil.com", "name": "Win a prize"})
    raw = mails(app)[-1].as_string()
    assert "evil.com" not in raw
    assert "prize" not in raw


def test_m11_an_address_is_not_flooded(app, client):
    codes = [
        client.post("/register", data=NEWCOMER, environ_base={"REMOTE_ADDR": f"198.51.100.{n}"}).status_code
        for n in range(LETTERS_TO.amount + 1)
    ]
    assert codes == [200] * LETTERS_TO.amount + [429]
    assert len(mails(app)) == LETTERS_TO.amount


def test_w4_the_link_is_ours_whatever_host_was_asked(app, client):
    answer = client.post("/register", data=NEWCOMER, headers={"X-Forwarded-Host": "evil.com"})
    assert answer.status_code == 200
    assert "evil.com" not in mails(app)[-1].as_string()
    assert client.post("/register", data=NEWCOMER, headers={"Host": "evil.com"}).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "short"},
        {"password": "password123"},
        {"password": "aaaaaaaaaaaa"},
        {"password": "ines@example.com"},
        {"password": "x" * 129},
        {"email": "no address"},
        {"email": "ines@example.com\nBcc: all@example.com"},
        {"email": ""},
        {"name": ""},
        {"name": "x" * 200},
        {"organisation": ""},
        {"organisation": "\x00"},
    ],
)
def test_what_will_not_do_is_refused_before_anything_is_written(app, client, wrong):
    assert client.post("/register", data=NEWCOMER | wrong).status_code == 400
    assert mails(app) == []


def test_a_member_opens_a_further_organisation_without_a_mail(world, signed_in, app):
    browser = signed_in(world.acme.staff)
    assert browser.get("/register").location == "/organisations/new"
    assert (
        browser.post("/organisations/new", data={"organisation": "Side Door"}).location
        == "/o/side-door/tickets"
    )
    assert browser.get("/").location == "/organisations"


def test_p10_a_further_organisation_clicked_often_is_one(world, signed_in, app):
    browser = signed_in(world.acme.staff)
    token = browser.get_cookie("worktrackr").value

    def click(_):
        mine = app.test_client()
        mine.set_cookie("worktrackr", token)
        return mine.post("/organisations/new", data={"organisation": "Side Door"}).location

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(click, range(8))) == {"/o/side-door/tickets"}
    assert count(app, Organisation) == 3


def test_somebody_without_an_organisation_is_told_what_to_do(app, world, client):
    with app.app_context():
        with acting_for(world.acme.id):
            db.session.execute(sa.text("UPDATE memberships SET ended_at = now()"))
        db.session.commit()
    client.post("/sign-in", data={"email": world.acme.staff.email, "password": PASSWORD})
    assert client.get("/").location == "/organisations"
    assert "do not belong to an organisation yet" in client.get("/organisations").text


def test_a_partner_admin_chooses_among_all_organisations_of_the_partner(app, world, signed_in):
    with app.app_context():
        db.session.add(Organisation(name="Second", slug="second", partner_id=world.acme.partner_id))
        db.session.commit()
    browser = signed_in(world.acme.partner_admin)
    assert browser.get("/").location == "/organisations"
    page = browser.get("/organisations").text
    assert "/o/acme/" in page
    assert "/o/second/" in page
    assert "/o/globex/" not in page
