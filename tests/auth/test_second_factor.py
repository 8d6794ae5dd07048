"""The second factor: set up, asked for in two steps, each code good once, and the way back without the phone."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
import sqlalchemy as sa

from app.auth import codes, second_factor
from app.auth.models import HalfSession, RecoveryCode, SecondFactor, User
from app.auth.sealing import Unreadable, seal, unseal
from app.extensions import db, now
from tests.account.post import last_link
from tests.world import PASSWORD


class Owner:
    """A person with a second factor, and their phone."""

    def __init__(self, app, person):
        self.app, self.person = app, person
        with app.app_context():
            user = db.session.get_one(User, person.user_id)
            self.secret = second_factor.begin(user)
            db.session.get_one(SecondFactor, user.id).confirmed_at = user.second_factor_at = now()
            self.recovery = second_factor.renew_recovery_codes(user)
            db.session.commit()

    def code(self, periods=0):
        return pyotp.TOTP(self.secret).at(time.time() + 30 * periods)

    def first_step(self, browser):
        return browser.post("/sign-in", data={"email": self.person.email, "password": PASSWORD})

    def second_step(self, browser, code):
        return browser.post("/sign-in/code", data={"code": code})


@pytest.fixture
def owner(app, world):
    return Owner(app, world.acme.staff)


def is_in(browser):
    return browser.get("/organisations", headers={"Accept": "text/html"}).status_code == 200


def test_signing_in_takes_password_and_code(owner, client):
    assert owner.first_step(client).location.startswith("/sign-in/code")
    assert owner.second_step(client, owner.code()).location == "/"
    assert is_in(client)


def test_the_second_step_leads_on_to_where_one_wanted_to_go(owner, client):
    data = {"email": owner.person.email, "password": PASSWORD}
    middle = client.post("/sign-in?next=/o/acme/tickets/3", data=data).location
    assert client.post(middle, data={"code": owner.code()}).location == "/o/acme/tickets/3"


@pytest.mark.parametrize(
    "path", ["/organisations", "/o/acme/tickets", "/account", "/account/second-factor", "/prove"]
)
def test_a_half_session_opens_nothing_else(owner, client, path):
    owner.first_step(client)
    answer = client.get(path, headers={"Accept": "text/html"})
    assert "/sign-in?" in answer.location


def test_a_half_session_as_a_session_cookie_is_worth_nothing(owner, client):
    owner.first_step(client)
    client.set_cookie("worktrackr", client.get_cookie("worktrackr-half").value)
    assert not is_in(client)


def test_a_half_session_ends_after_minutes(app, owner, client):
    owner.first_step(client)
    with app.app_context():
        db.session.execute(sa.update(HalfSession).values(expires_at=now()))
        db.session.commit()
    assert owner.second_step(client, owner.code()).location == "/sign-in"


def test_the_code_without_the_password_is_worth_nothing(owner, client):
    assert owner.second_step(client, owner.code()).location == "/sign-in"
    assert not is_in(client)


def test_a9_a_code_works_once(app, owner, client):
    code = owner.code()
    owner.first_step(client)
    owner.second_step(client, code)
    other = app.test_client()
    owner.first_step(other)
    assert owner.second_step(other, code).status_code == 401
    assert not is_in(other)


def test_a9_an_earlier_code_is_no_good_after_a_later_one(app, owner, client):
    owner.first_step(client)
    owner.second_step(client, owner.code(1))
    other = app.test_client()
    owner.first_step(other)
    assert owner.second_step(other, owner.code(0)).status_code == 401


def test_a9_spaces_in_a_code_do_not_matter(owner, client):
    owner.first_step(client)
    code = owner.code()
    assert owner.second_step(client, f" {code[:3]} {code[3:]} ").status_code == 302


def test_a9_of_one_code_at_eight_browsers_one_gets_in(app, owner):
    browsers = [app.test_client() for _ in range(4)]
    for browser in browsers:
        owner.first_step(browser)
    code = owner.code()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda each: owner.second_step(each, code).status_code, browsers))
    assert sorted(answers) == [302, 401, 401, 401]


@pytest.mark.parametrize("typed", [str, str.upper, lambda code: code.replace("-", " ")])
def test_a9_a_recovery_code_works_once_however_it_is_typed(app, owner, client, typed):
    owner.first_step(client)
    assert owner.second_step(client, typed(owner.recovery[3])).status_code == 302
    other = app.test_client()
    owner.first_step(other)
    assert owner.second_step(other, owner.recovery[3]).status_code == 401


def test_a5_after_five_wrong_codes_the_right_one_waits_too(owner, client):
    owner.first_step(client)
    assert [owner.second_step(client, "000000").status_code for _ in range(5)] == [401] * 5
    assert owner.second_step(client, owner.code()).status_code == 429


def test_a5_of_forty_parallel_tries_five_are_checked(app, owner, monkeypatch):
    checked = []
    monkeypatch.setattr(codes, "counter_of", lambda *_: checked.append(1))
    client = app.test_client()
    owner.first_step(client)
    half = client.get_cookie("worktrackr-half").value

    def one(_):
        browser = app.test_client()
        browser.set_cookie("worktrackr-half", half)
        return owner.second_step(browser, "123456").status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(40)))
    assert len(checked) == answers.count(401) == 5


def set_up(browser):
    page = browser.get("/account/second-factor").text
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page).group(1).replace(" ", "")
    return page, secret


def test_setting_up_shows_a_picture_and_a_key_and_then_the_recovery_codes_once(app, world, signed_in):
    browser = signed_in(world.acme.staff)
    page, secret = set_up(browser)
    assert "<svg" in page
    shown = browser.post("/account/second-factor", data={"code": pyotp.TOTP(secret).now()}).text
    assert len(re.findall(r"<li><code>[a-z2-9-]{17}</code>", shown)) == 10
    assert "<code>" not in browser.get("/account/security").text


def test_a_reload_of_the_set_up_keeps_what_was_scanned(world, signed_in):
    browser = signed_in(world.acme.staff)
    assert set_up(browser)[1] == set_up(browser)[1]


def test_a_wrong_first_code_turns_nothing_on(app, world, signed_in, client):
    browser = signed_in(world.acme.staff)
    set_up(browser)
    assert browser.post("/account/second-factor", data={"code": "000000"}).status_code == 422
    data = {"email": world.acme.staff.email, "password": PASSWORD}
    assert client.post("/sign-in", data=data).location == "/"


def test_a9_sessions_from_before_end_when_it_is_set_up(world, signed_in):
    before, browser = signed_in(world.acme.staff), signed_in(world.acme.staff)
    secret = set_up(browser)[1]
    browser.post("/account/second-factor", data={"code": pyotp.TOTP(secret).now()})
    assert is_in(browser)
    assert not is_in(before)


def test_new_recovery_codes_end_the_old_ones(app, owner, signed_in, client):
    assert signed_in(owner.person).post("/account/second-factor/codes").status_code == 200
    owner.first_step(client)
    assert owner.second_step(client, owner.recovery[0]).status_code == 401


def test_removing_it_leaves_nothing_behind(app, owner, signed_in, client):
    signed_in(owner.person).post("/account/second-factor/remove")
    assert owner.first_step(client).location == "/"
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(SecondFactor)) == 0
        assert db.session.scalar(sa.select(sa.func.count()).select_from(RecoveryCode)) == 0


def test_a3_a_reset_does_not_skip_the_second_factor(app, world, owner, client):
    new = "seven herons over the weir"
    client.post("/reset", data={"email": owner.person.email})
    client.post(last_link(app, world.acme), data={"password": new})
    answer = client.post("/sign-in", data={"email": owner.person.email, "password": new})
    assert answer.location.startswith("/sign-in/code")


def test_the_database_holds_neither_secret_nor_codes(app, owner):
    with app.app_context():
        row = db.session.scalars(sa.select(SecondFactor)).one()
        assert owner.secret.encode() not in row.sealed_secret
        hashes = set(db.session.scalars(sa.select(RecoveryCode.code_hash)))
        assert not hashes & set(owner.recovery)


def test_what_is_sealed_opens_under_the_same_key_and_purpose_only(app, monkeypatch):
    with app.app_context():
        sealed = seal("secret", "this")
        assert unseal(sealed, "this") == "secret"
        with pytest.raises(Unreadable):
            unseal(sealed, "that")
        monkeypatch.setitem(app.config, "SECRET_KEY", "another key of the installation, long")
        with pytest.raises(Unreadable):
            unseal(sealed, "this")
