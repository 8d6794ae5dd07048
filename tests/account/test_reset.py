"""A forgotten password: the link by mail, what it is good for and what not."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.auth import passwords
from app.auth.models import AccountLink, User
from app.extensions import db, now
from app.jobs import run_due
from app.mail.models import OutboundMessage, OutboundState
from app.tenancy import acting_for
from tests.account.post import account_mails, last_link
from tests.world import PASSWORD, a_user

NEW = "seven herons over the weir"


def ask(browser, email):
    return browser.post("/reset", data={"email": email})


def a_link(app, world, client):
    ask(client, world.acme.staff.email)
    return last_link(app, world.acme)


def choose(browser, path, password=NEW):
    return browser.post(path, data={"password": password})


def sign_in(browser, person, password):
    return browser.post("/sign-in", data={"email": person.email, "password": password})


def test_the_mailed_link_sets_a_new_password(app, world, client):
    path = a_link(app, world, client)
    assert "Choose a new password" in client.get(path).text
    assert choose(client, path).location == "/sign-in"
    assert sign_in(client, world.acme.staff, PASSWORD).status_code == 401
    assert sign_in(client, world.acme.staff, NEW).status_code == 302


def test_a3_resetting_does_not_sign_in(app, world, client):
    choose(client, a_link(app, world, client))
    assert client.get_cookie("worktrackr") is None
    assert client.get("/organisations", headers={"Accept": "text/html"}).status_code == 302


def test_a3_a_link_works_once(app, world, client):
    path = a_link(app, world, client)
    choose(client, path)
    assert client.get(path).status_code == 404
    assert choose(client, path, "another fine long password").status_code == 404


def test_a3_using_one_link_ends_the_others(app, world, client):
    first, second = a_link(app, world, client), a_link(app, world, client)
    choose(client, second)
    assert choose(client, first).status_code == 404


def test_a3_a_link_a_second_too_old_has_ended(app, world, client):
    path = a_link(app, world, client)
    with app.app_context():
        db.session.execute(sa.update(AccountLink).values(expires_at=now() - timedelta(seconds=1)))
        db.session.commit()
    assert choose(client, path).status_code == 404


def test_a3_a_change_of_address_ends_the_link(app, world, client):
    path = a_link(app, world, client)
    with app.app_context():
        db.session.get_one(User, world.acme.staff.user_id).email = "moved@example.com"
        db.session.commit()
    assert choose(client, path).status_code == 404


def test_a3_of_eight_at_once_one_sets_the_password(app, world, client):
    path = a_link(app, world, client)
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda n: choose(app.test_client(), path, f"{NEW} {n}").status_code, range(8)))
    assert sorted(codes) == [303] + [404] * 7


def test_a16_looking_at_the_link_uses_nothing_up(app, world, client):
    path = a_link(app, world, client)
    for _ in range(3):
        assert app.test_client().get(path).status_code == 200
    assert choose(client, path).status_code == 303


def test_a2_every_session_ends_with_a_reset(app, world, client, signed_in):
    elsewhere = signed_in(world.acme.staff)
    choose(client, a_link(app, world, client))
    assert elsewhere.get("/organisations", headers={"Accept": "text/html"}).status_code == 302


def test_the_database_holds_no_token(app, world, client):
    token = a_link(app, world, client).rpartition("/")[2]
    with app.app_context(), acting_for(world.acme.id):
        row = db.session.scalars(sa.select(OutboundMessage)).one()
        assert token.encode() not in row.sealed
        assert token not in db.session.scalars(sa.select(AccountLink.token_hash)).one()


def test_a4_known_and_unknown_get_the_same_page(app, world, client):
    known, unknown = ask(client, world.acme.staff.email), ask(client, "nobody@example.com")
    assert known.status_code == unknown.status_code == 200
    assert lines(known, world.acme.staff.email) == lines(unknown, "nobody@example.com")


def lines(answer, email):
    text = answer.text.replace(email, "X")
    return [line for line in text.splitlines() if "nonce" not in line and "csrf" not in line]


def test_a4_known_and_unknown_take_the_same_time(app, world, client, monkeypatch):
    monkeypatch.setattr("app.auth.throttling.count_letter", lambda *_: None)
    took = {"known": [], "unknown": []}
    for _ in range(12):
        for name, email in (("known", world.acme.staff.email), ("unknown", "nobody@example.com")):
            started = time.perf_counter()
            ask(client, email)
            took[name].append(time.perf_counter() - started)
    known, unknown = (sorted(took[name])[6] for name in ("known", "unknown"))
    assert min(took["known"] + took["unknown"]) >= 0.25
    assert abs(known - unknown) < 0.05  # other tests run at the same time


def test_a4_a_disabled_user_is_sent_nothing(app, world, client):
    with app.app_context():
        db.session.get_one(User, world.acme.staff.user_id).disabled_at = now()
        db.session.commit()
    assert ask(client, world.acme.staff.email).status_code == 200
    assert account_mails(app, world.acme) == []


@pytest.mark.parametrize("whom", ["known", "unknown"])
def test_a5_an_address_is_written_to_three_times_an_hour(app, world, client, whom):
    email = world.acme.staff.email if whom == "known" else "nobody@example.com"
    assert [ask(client, email).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert len(account_mails(app, world.acme)) == (3 if whom == "known" else 0)


def test_w4_the_link_starts_with_our_own_address(app, world, client):
    client.post("/reset", data={"email": world.acme.staff.email}, base_url="http://127.0.0.1")
    assert "http://localhost/reset/" in account_mails(app, world.acme)[0][2]
    evil = client.post("/reset", data={"email": world.acme.staff.email}, base_url="http://evil.com")
    assert evil.status_code == 400


def test_a_mail_that_could_not_be_sent_in_time_is_dropped(app, world, client):
    a_link(app, world, client)
    with app.app_context(), acting_for(world.acme.id):
        db.session.execute(sa.update(OutboundMessage).values(expires_at=now() - timedelta(seconds=1)))
        db.session.commit()
        run_due()
        message = db.session.scalars(sa.select(OutboundMessage)).one()
        assert (message.state, message.sealed) == (OutboundState.FAILED, None)
        assert "too late" in message.reason


def test_once_sent_the_words_are_gone(app, world, client):
    a_link(app, world, client)
    with app.app_context(), acting_for(world.acme.id):
        run_due()
        message = db.session.scalars(sa.select(OutboundMessage)).one()
        assert (message.state, message.sealed) == (OutboundState.SENT, None)


def test_somebody_without_an_organisation_gets_the_mail_too(app, world, client, monkeypatch):
    sent = []
    monkeypatch.setattr("app.account.letters.send_now", sent.append)
    with app.app_context():
        email = a_user("Lone Wolf").email
        db.session.commit()
    ask(client, email).close()
    assert [notice.to for notice in sent] == [email]


def test_a_common_password_is_refused_and_the_link_stays_good(app, world, client):
    path = a_link(app, world, client)
    assert choose(client, path, "password123").status_code == 400
    assert choose(client, path).status_code == 303


def test_the_owner_is_told_of_the_change(app, world, client):
    choose(client, a_link(app, world, client))
    assert account_mails(app, world.acme)[-1][:2] == (world.acme.staff.email, "Your password was changed")


def test_a_reset_leaves_the_hash_of_today(app, world, client):
    choose(client, a_link(app, world, client))
    with app.app_context():
        assert passwords.matches(db.session.get_one(User, world.acme.staff.user_id).password_hash, NEW)
