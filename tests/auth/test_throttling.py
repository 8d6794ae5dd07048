"""Too many tries have to wait, from wherever they come and however Redis is."""

import socket
import time

import pytest

from app.auth import throttling
from app.auth.throttling import ACCOUNT, ACCOUNT_HERE, ADDRESS, Counters, Throttled, network
from tests.world import PASSWORD


def guess(browser, email, password="guess", **more):
    return browser.post("/sign-in", data={"email": email, "password": password}, **more)


def from_address(number):
    return {"environ_base": {"REMOTE_ADDR": f"198.51.100.{number}"}}


def test_too_many_tries_are_told_how_long_to_wait(world, client):
    for _ in range(ACCOUNT_HERE.amount):
        guess(client, world.acme.staff.email)
    answer = guess(client, world.acme.staff.email)
    assert answer.status_code == 429
    assert "Wait 15 minutes" in answer.text
    assert 0 < int(answer.headers["Retry-After"]) <= 900


def test_the_right_password_waits_as_well(world, client):
    for _ in range(ACCOUNT_HERE.amount):
        guess(client, world.acme.staff.email)
    assert guess(client, world.acme.staff.email, PASSWORD).status_code == 429


def test_an_unknown_address_is_throttled_like_a_known_one(world, client):
    codes = [guess(client, "nobody@example.com").status_code for _ in range(ACCOUNT_HERE.amount + 1)]
    assert codes == [401] * ACCOUNT_HERE.amount + [429]


def test_a_colleague_at_another_address_is_not_locked_out(world, client):
    for _ in range(ACCOUNT_HERE.amount):
        guess(client, world.acme.staff.email)
    assert guess(client, world.acme.staff.email, PASSWORD, **from_address(9)).status_code == 302


def test_a5_spraying_many_accounts_from_one_address_ends(world, client):
    codes = [guess(client, f"user{n}@example.com").status_code for n in range(ADDRESS.amount + 1)]
    assert codes[-2:] == [401, 429]


def test_a5_one_account_guessed_from_many_addresses_ends(app, world, client):
    with app.app_context():
        for number in range(ACCOUNT.amount):
            throttling.count_sign_in("ada@example.com", f"198.51.100.{number}")
        with pytest.raises(Throttled):
            throttling.count_sign_in("ada@example.com", "203.0.113.7")


def test_a5_a_success_does_not_forgive_what_the_address_did_to_others(world, client):
    for number in range(ADDRESS.amount - 1):
        guess(client, f"user{number}@example.com")
    assert guess(client, world.acme.staff.email, PASSWORD).status_code == 302
    client.post("/sign-out")
    assert guess(client, "another@example.com").status_code == 429


def test_the_right_password_starts_the_accounts_own_count_anew(world, client):
    for _ in range(ACCOUNT_HERE.amount - 1):
        guess(client, world.acme.staff.email)
    guess(client, world.acme.staff.email, PASSWORD)
    client.post("/sign-out")
    assert guess(client, world.acme.staff.email).status_code == 401


def test_a6_a_client_cannot_choose_its_address(world, client):
    codes = [
        guess(
            client,
            world.acme.staff.email,
            headers={"X-Forwarded-For": f"203.0.113.{n}", "CF-Connecting-IP": f"203.0.113.{n}"},
        ).status_code
        for n in range(ACCOUNT_HERE.amount + 1)
    ]
    assert codes[-1] == 429


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("not an address", "nowhere"),
        (None, "nowhere"),
    ],
)
def test_an_ipv6_household_is_one_place(address, place):
    assert network(address) == place


def test_p9_without_redis_tries_are_still_counted():
    counters = Counters("redis://127.0.0.1:1/0")
    for _ in range(ACCOUNT_HERE.amount):
        counters.enter(ACCOUNT_HERE, "somebody")
    with pytest.raises(Throttled):
        counters.enter(ACCOUNT_HERE, "somebody")


@pytest.fixture
def hung():
    """A server that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_p9_a_hung_redis_holds_up_the_first_tries_only(hung):
    counters = Counters(hung)
    started = time.monotonic()
    for _ in range(ACCOUNT_HERE.amount):
        counters.enter(ACCOUNT_HERE, "somebody")
    assert time.monotonic() - started < 4
    with pytest.raises(Throttled):
        counters.enter(ACCOUNT_HERE, "somebody")
    assert time.monotonic() - started < 4
