"""Changing what one signs in with: step-up, password, address, and the browsers one is signed in with."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.auth.browsers import browser_of, system_of
from app.auth.models import Session, User
from app.extensions import db, now
from tests.account.post import account_mails, last_link
from tests.world import PASSWORD

NEW = "seven herons over the weir"
HTML = {"Accept": "text/html"}


def is_in(browser):
    return browser.get("/organisations", headers=HTML).status_code == 200


def forget_proof(app):
    with app.app_context():
        db.session.execute(sa.update(Session).values(proved_at=now() - timedelta(minutes=11)))
        db.session.commit()


def change_password(browser, present=PASSWORD, new=NEW):
    return browser.post("/account/password", data={"present": present, "password": new})


def test_a_new_password_needs_the_present_one(world, signed_in, client):
    browser = signed_in(world.acme.staff)
    assert change_password(browser, "not the password").status_code == 422
    assert change_password(browser).status_code == 303
    data = {"email": world.acme.staff.email, "password": NEW}
    assert client.post("/sign-in", data=data).status_code == 302


def test_a15_without_the_present_password_nothing_changes(world, signed_in):
    assert signed_in(world.acme.staff).post("/account/password", data={"password": NEW}).status_code == 422


def test_a2_a_new_password_ends_every_other_session_and_renews_this_one(world, signed_in):
    browser, other = signed_in(world.acme.staff), signed_in(world.acme.staff)
    before = browser.get_cookie("worktrackr").value
    change_password(browser)
    assert is_in(browser)
    assert browser.get_cookie("worktrackr").value != before
    assert not is_in(other)


def test_a5_guessing_the_present_password_ends(world, signed_in):
    browser = signed_in(world.acme.staff)
    codes = [change_password(browser, f"guess {n}").status_code for n in range(12)]
    assert codes == [422] * 10 + [429] * 2


@pytest.mark.parametrize("path", ["/account/address", "/account/second-factor"])
def test_step_up_asks_again_after_ten_minutes(app, world, signed_in, path):
    browser = signed_in(world.acme.staff)
    forget_proof(app)
    assert browser.get(path).location == "/prove?next=" + path.replace("/", "%2F")
    assert browser.post("/prove?next=" + path, data={"password": "no"}).status_code == 401
    assert browser.post("/prove?next=" + path, data={"password": PASSWORD}).location == path
    assert browser.get(path).status_code == 200


def test_step_up_refuses_what_is_posted_too_late(app, world, signed_in):
    browser = signed_in(world.acme.staff)
    forget_proof(app)
    answer = browser.post(
        "/account/second-factor/remove", headers={"Referer": "http://localhost/account/security"}
    )
    assert answer.location == "/prove?next=%2Faccount%2Fsecurity"


def test_w7_step_up_never_leads_to_another_site(world, signed_in):
    answer = signed_in(world.acme.staff).post("/prove?next=//evil.com", data={"password": PASSWORD})
    assert answer.location == "/"


def ask_to_move(browser, email="ada@new.example"):
    return browser.post("/account/address", data={"email": email})


def test_a15_a_new_address_counts_once_it_is_confirmed_there(app, world, signed_in):
    browser = signed_in(world.acme.staff)
    ask_to_move(browser)
    to, _, _ = account_mails(app, world.acme)[-1]
    assert (to, email_of(app, world)) == ("ada@new.example", world.acme.staff.email)
    browser.post(last_link(app, world.acme))
    assert email_of(app, world) == "ada@new.example"


def email_of(app, world):
    with app.app_context():
        return db.session.get_one(User, world.acme.staff.user_id).email


def test_a15_the_old_address_is_told(app, world, signed_in):
    browser = signed_in(world.acme.staff)
    ask_to_move(browser)
    browser.post(last_link(app, world.acme))
    assert account_mails(app, world.acme)[-1][:2] == (world.acme.staff.email, "Your address was changed")


def test_a2_a_new_address_ends_every_other_session(app, world, signed_in):
    browser, other = signed_in(world.acme.staff), signed_in(world.acme.staff)
    ask_to_move(browser)
    browser.post(last_link(app, world.acme))
    assert is_in(browser)
    assert not is_in(other)


def test_a15_somebody_elses_link_moves_nobody(app, world, signed_in):
    ask_to_move(signed_in(world.acme.staff))
    path = last_link(app, world.acme)
    assert signed_in(world.acme.admin).post(path).status_code == 404


def test_a16_looking_at_the_link_moves_nobody(app, world, signed_in):
    browser = signed_in(world.acme.staff)
    ask_to_move(browser)
    assert browser.get(last_link(app, world.acme)).status_code == 200
    assert email_of(app, world) == world.acme.staff.email


def test_a4_asking_for_a_taken_address_looks_like_any_other(app, world, signed_in):
    browser = signed_in(world.acme.staff)
    answers = [ask_to_move(browser, email) for email in ("free@new.example", world.globex.admin.email)]
    assert {(each.status_code, each.location) for each in answers} == {(303, "/account/security")}
    assert account_mails(app, world.acme)[-1][0] == world.globex.admin.email
    assert "has one of its own" in account_mails(app, world.acme)[-1][2]


def test_the_sessions_page_names_each_browser_and_marks_this_one(app, world, signed_in):
    browser = signed_in(world.acme.staff)
    signed_in(world.acme.staff)
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
    with app.app_context():
        db.session.execute(sa.update(Session).values(user_agent=agent, address="192.0.2.7"))
        db.session.commit()
    page = browser.get("/account/sessions").text
    assert page.count("<strong>Firefox on Windows</strong>") == 2
    assert page.count("This one") == 1
    assert "192.0.2.7" in page


def test_one_session_is_ended_from_another(app, world, signed_in):
    browser, lost = signed_in(world.acme.staff), signed_in(world.acme.staff)
    with app.app_context():
        newest = db.session.scalar(sa.select(Session.id).order_by(Session.id.desc()).limit(1))
    assert browser.post(f"/account/sessions/{newest}/end").status_code == 303
    assert is_in(browser)
    assert not is_in(lost)


def test_somebody_elses_session_is_not_there(app, world, signed_in):
    theirs = signed_in(world.acme.admin)
    with app.app_context():
        session_id = db.session.scalars(sa.select(Session.id)).one()
    assert signed_in(world.acme.staff).post(f"/account/sessions/{session_id}/end").status_code == 404
    assert is_in(theirs)


def test_all_other_sessions_are_ended_at_once(world, signed_in):
    browser, *others = (signed_in(world.acme.staff) for _ in range(3))
    browser.post("/account/sessions/end-others")
    assert is_in(browser)
    assert not any(is_in(other) for other in others)


@pytest.mark.parametrize(
    ("agent", "browser", "system"),
    [
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15",
            "Safari",
            "Mac",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge",
            "Linux",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/140.0 Mobile Safari/604.1",
            "Chrome",
            "iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            "Chrome",
            "Android",
        ),
        ("curl/8.0", None, None),
        (None, None, None),
    ],
)
def test_a_browser_is_told_in_words(agent, browser, system):
    assert (browser_of(agent), system_of(agent)) == (browser, system)
