"""What a browser is given over https, and whose address is believed behind a proxy."""

import pytest

from app import create_app
from app.auth import throttling
from app.extensions import db
from tests.conftest import Browser, settings
from tests.world import PASSWORD


@pytest.fixture
def behind_proxy(app, test_settings):
    """The application as production runs it: https, one proxy in front."""
    https = {"app_base_url": "https://desk.example.com", "proxy_hops": "1"}
    made = create_app(settings(test_settings.database_url, test_settings.redis_url, **https))
    made.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    made.test_client_class = Browser
    yield made
    with made.app_context():
        db.engine.dispose()


def sign_in(client, email, password=PASSWORD, forwarded="203.0.113.7"):
    headers = {
        "X-Forwarded-For": forwarded,
        "X-Forwarded-Proto": "https",
        "Origin": "https://desk.example.com",
    }
    data = {"email": email, "password": password}
    return client.post("/sign-in", data=data, headers=headers, base_url="http://desk.example.com")


def test_w6_over_https_every_cookie_is_held_to_this_host(world, behind_proxy):
    headers = sign_in(behind_proxy.test_client(), world.acme.staff.email).headers.getlist("Set-Cookie")
    names = [header.partition("=")[0] for header in headers]
    assert "__Host-worktrackr" in names
    for header in headers:
        assert header.startswith("__Host-")
        assert "Secure" in header
        assert "HttpOnly" in header
        assert "Path=/;" in header + ";"
        assert "Domain" not in header


def test_a6_behind_one_proxy_only_its_own_word_is_believed(world, behind_proxy):
    client = behind_proxy.test_client()
    codes = [
        sign_in(client, world.acme.staff.email, "guess", f"198.51.100.{n}, 203.0.113.7").status_code
        for n in range(throttling.ACCOUNT_HERE.amount + 1)
    ]
    assert codes[-1] == 429


def test_a6_behind_one_proxy_visitors_are_told_apart(world, behind_proxy):
    client = behind_proxy.test_client()
    codes = [
        sign_in(client, f"user{n}@example.com", "guess", f"198.51.100.{n}").status_code
        for n in range(throttling.ADDRESS.amount + 1)
    ]
    assert set(codes) == {401}
