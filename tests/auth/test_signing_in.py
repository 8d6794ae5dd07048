"""Signing in and out, and what keeps strangers from it."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.auth import passwords, throttling
from app.auth.models import Session, User
from app.extensions import db, now
from tests.world import HASHED, PASSWORD


def sign_in(browser, person, password=PASSWORD, **more):
    return browser.post("/sign-in", data={"email": person.email, "password": password}, **more)


def cookie(browser):
    found = browser.get_cookie("worktrackr")
    return found.value if found else None


def is_out(browser, **how):
    answer = browser.get("/organisations", headers={"Accept": "text/html"}, **how)
    return answer.status_code == 302 and answer.location.startswith("/sign-in")


def test_the_right_password_leads_to_the_inbox(world, client):
    assert sign_in(client, world.acme.staff).location == "/"
    assert client.get("/").location == "/o/acme/tickets"


def test_the_address_may_be_typed_in_any_case(world, client):
    data = {"email": f" {world.acme.staff.email.upper()} ", "password": PASSWORD}
    assert client.post("/sign-in", data=data).status_code == 302


def test_signing_in_leads_on_to_where_one_wanted_to_go(world, client):
    answer = client.post(
        "/sign-in?next=/o/acme/tickets/3", data={"email": world.acme.staff.email, "password": PASSWORD}
    )
    assert answer.location == "/o/acme/tickets/3"


@pytest.mark.parametrize(
    "evil",
    [
        "//evil.com",
        "/\\evil.com",
        "https:evil.com",
        "/\t/evil.com",
        "javascript:alert(1)",
        "http://evil.com/",
        "\\\\evil",
    ],
)
def test_w7_signing_in_never_leads_to_another_site(world, client, evil):
    data = {"email": world.acme.staff.email, "password": PASSWORD}
    assert client.post("/sign-in", query_string={"next": evil}, data=data).location == "/"


def test_a_wrong_password_is_refused_in_words_that_tell_nothing(world, client):
    wrong = sign_in(client, world.acme.staff, "not the password")
    unknown = client.post("/sign-in", data={"email": "nobody@example.com", "password": "not the password"})
    assert wrong.status_code == unknown.status_code == 401
    assert _words(wrong, world.acme.staff.email) == _words(unknown, "nobody@example.com")


def _words(answer, email):
    return [
        line
        for line in answer.text.replace(email, "").splitlines()
        if "nonce" not in line and "csrf" not in line
    ]


def test_a4_an_unknown_address_costs_as_much_time_as_a_wrong_password():
    stored = passwords.hashed(PASSWORD)
    took = {}
    for name, known in (("known", stored), ("unknown", None)):
        started = time.process_time()  # of the processor: other tests run at the same time
        for _ in range(12):
            passwords.matches(known, "not the password")
        took[name] = time.process_time() - started
    assert abs(took["known"] - took["unknown"]) < 0.5 * took["known"]


def test_a_disabled_user_is_told_what_a_stranger_is_told(app, world, client):
    with app.app_context():
        db.session.get_one(User, world.acme.staff.user_id).disabled_at = now()
        db.session.commit()
    assert sign_in(client, world.acme.staff).status_code == 401


def test_a1_every_sign_in_has_a_token_of_its_own(world, client):
    client.set_cookie("worktrackr", "planted")
    sign_in(client, world.acme.staff)
    first = cookie(client)
    client.post("/sign-out")
    sign_in(client, world.acme.staff)
    assert len({"planted", first, cookie(client)}) == 3


def test_a1_signing_in_makes_the_forms_token_anew(app, world, client):
    client.get("/sign-in")
    with client.session_transaction() as cookie_session:
        cookie_session["csrf_token"] = "known to somebody else"
    sign_in(client, world.acme.staff)
    with client.session_transaction() as cookie_session:
        assert cookie_session.get("csrf_token") != "known to somebody else"


def test_signing_out_ends_the_session_everywhere_its_token_is(app, world, client):
    sign_in(client, world.acme.staff)
    kept = cookie(client)
    assert client.post("/sign-out").location == "/sign-in"
    thief = app.test_client()
    thief.set_cookie("worktrackr", kept)
    assert is_out(thief)


def test_a_get_does_not_sign_out(world, client):
    assert client.get("/sign-out").status_code == 405


@pytest.mark.parametrize("loss", ["disabled", "ended", "expired"])
def test_a2_whoever_lost_access_is_out_at_once(app, world, client, loss):
    sign_in(client, world.acme.staff)
    assert client.get("/organisations").status_code == 200
    changes = {
        "disabled": sa.update(User).values(disabled_at=now()),
        "ended": sa.update(Session).values(ended_at=now()),
        "expired": sa.update(Session).values(expires_at=now()),
    }
    with app.app_context():
        db.session.execute(changes[loss])
        db.session.commit()
    assert is_out(client)


def test_w6_a_session_is_of_one_host(app, world, client):
    sign_in(client, world.acme.staff)
    elsewhere = app.test_client()
    elsewhere.set_cookie("worktrackr", cookie(client), domain="127.0.0.1")
    assert is_out(elsewhere, base_url="http://127.0.0.1")


def test_w6_the_cookie_is_of_this_host_only_and_no_script_reads_it(world, client):
    header = sign_in(client, world.acme.staff).headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Domain" not in header


def test_the_database_holds_no_token(app, world, client):
    sign_in(client, world.acme.staff)
    with app.app_context():
        assert db.session.scalars(sa.select(Session.token_hash)).one() != cookie(client)


def test_last_seen_is_written_every_five_minutes_only(app, world, client):
    sign_in(client, world.acme.staff)
    long_ago = now() - timedelta(minutes=6)
    with app.app_context():
        db.session.execute(sa.update(Session).values(seen_at=long_ago))
        db.session.commit()
    client.get("/organisations")
    first = seen(app)
    client.get("/organisations")
    assert long_ago < first == seen(app)


def seen(app):
    with app.app_context():
        return db.session.scalars(sa.select(Session.seen_at)).one()


def test_a_hash_of_old_parameters_is_made_anew(app, world, client):
    sign_in(client, world.acme.staff)
    with app.app_context():
        stored = db.session.get_one(User, world.acme.staff.user_id).password_hash
    assert stored != HASHED
    assert not passwords.is_outdated(stored)


def test_a7_a_password_of_a_megabyte_is_refused_unhashed(world, client, monkeypatch):
    monkeypatch.setattr(passwords, "_hasher", None)
    started = time.perf_counter()
    answer = sign_in(client, world.acme.staff, "x" * 100_000)
    assert answer.status_code == 400
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    "body",
    [
        {"email[]": "a@b.c", "password": "x"},
        {"email": ["a@b.c", "d@e.f"], "password": "x"},
        {"email": "a@b.c", "password": ["x", "y"]},
        {},
    ],
)
def test_a11_fields_of_the_wrong_shape_are_refused(world, client, body):
    assert client.post("/sign-in", data=body).status_code == 400


@pytest.mark.parametrize(
    "body", [{"email": True, "password": {"$ne": 1}}, [1], "x", {"email": {"$ne": 1}}, None]
)
def test_a11_json_is_no_form(world, client, body):
    assert client.post("/sign-in", json=body).status_code == 400


@pytest.mark.parametrize(
    "email", ["nul\x00@example.com", "\udcff@example.com".encode("utf-8", "surrogatepass"), "😀" * 50]
)
def test_p7_junk_for_an_address_is_only_wrong(world, client, email):
    assert client.post("/sign-in", data={"email": email, "password": "x"}).status_code == 401


def test_p5_signing_in_needs_the_forms_own_token(app, world, client):
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        answer = sign_in(client, world.acme.staff)
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert answer.status_code == 400
    assert cookie(client) is None


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.com"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_p5_another_site_cannot_sign_anybody_in(world, client, headers):
    assert sign_in(client, world.acme.staff, headers=headers).status_code == 403


def test_p6_no_other_origin_may_read_our_answers(world, client):
    answer = client.get("/sign-in", headers={"Origin": "https://worktrackr.cloud.evil.com"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a5_of_200_parallel_tries_only_the_allowed_are_checked(app, world, monkeypatch):
    checked = []
    monkeypatch.setattr(passwords, "matches", lambda *_: checked.append(1))

    def one(_):
        return sign_in(app.test_client(), world.acme.staff, "guess").status_code

    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(one, range(200)))
    assert len(checked) == codes.count(401) == throttling.ACCOUNT_HERE.amount
    assert codes.count(429) == 200 - len(checked)
