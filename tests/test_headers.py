"""What every answer carries, which hosts we answer to, where a redirect may lead, and whose forms we take."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app import create_app
from app.headers import safe_next, trust_hosts

PAGES = ["/sign-in", "/no-such-page", "/healthz", "/webhooks/no-such-hook"]


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_security_headers(client, path):
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "private, no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_the_nonce_of_the_page_is_the_one_in_the_policy_and_new_each_time(client):
    first, second = client.get("/sign-in"), client.get("/sign-in")
    nonce = re.search(r"'nonce-([\w-]{22})'", first.headers["Content-Security-Policy"]).group(1)
    assert f'nonce="{nonce}"' in first.text
    assert nonce not in second.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/sign-in", "/no-such-page"])
def test_no_page_carries_inline_script_or_style(client, path):
    page = client.get(path).text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", page)


@pytest.mark.parametrize(
    "host",
    ["evil.com", "localhost.evil.com", "evil.com:80", "localhost@evil.com", "[::1", "", "evil.com#localhost"],
)
def test_an_unknown_host_is_refused_and_not_repeated(client, host):
    response = client.get("/sign-in", headers={"Host": host})
    assert response.status_code == 400
    assert "evil.com" not in response.text


def test_a_forwarded_host_is_not_believed(client):
    response = client.get("/", headers={"X-Forwarded-Host": "evil.com"})
    assert "evil.com" not in response.headers.get("Location", "") + response.text


def test_health_answers_to_any_host(client):
    assert client.get("/healthz", headers={"Host": "10.0.0.7"}).status_code == 200


def test_a_feature_may_know_further_hosts(test_settings):
    app = create_app(test_settings)
    trust_hosts(app, lambda host: host == "help.acme.example")
    status = app.test_client().get("/sign-in", headers={"Host": "help.acme.example"}).status_code
    assert status == 200


def behind_proxies(test_settings, hops: int) -> Flask:
    app = create_app(replace(test_settings, proxy_hops=str(hops), app_base_url="https://desk.acme.com"))
    app.add_url_rule("/whence", "whence", view)
    return app


def view():
    from flask import request

    return f"{request.remote_addr} {request.scheme}"


view.access = "public"


@pytest.mark.parametrize(
    ("hops", "seen"), [(0, "127.0.0.1 http"), (1, "2.2.2.2 https"), (2, "1.1.1.1 https")]
)
def test_only_as_many_proxies_as_configured_are_believed(test_settings, hops, seen):
    forged = {
        "X-Forwarded-For": "9.9.9.9, 1.1.1.1, 2.2.2.2",
        "X-Forwarded-Proto": "https",
        "Host": "desk.acme.com",
    }
    assert behind_proxies(test_settings, hops).test_client().get("/whence", headers=forged).text == seen


def test_https_brings_strict_transport_and_host_only_cookies(test_settings):
    response = (
        behind_proxies(test_settings, 1).test_client().get("/sign-in", headers={"Host": "desk.acme.com"})
    )
    assert response.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"))
    assert "Domain" not in cookie


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.com"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.com"},
    {"Origin": "http://localhost:81"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.com"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/api/anything"])
def test_another_sites_page_cannot_send_our_forms(client, headers, path):
    assert client.post(path, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}])
def test_our_own_page_may_send_its_form(client, headers):
    assert client.post("/sign-in", headers=headers).status_code == 400  # an empty form


def test_a_form_without_its_token_is_refused(app, client):
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        response = client.post("/sign-in", data={"email": "a@example.com", "password": "x"})
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert response.status_code == 400
    assert "reload the page" in response.text


@pytest.mark.parametrize(
    "path", ["/", "/tickets?page=2&q=a%20b", "/o/acme/tickets/7#c1", "/a:b", "/a@b", "/x//y"]
)
def test_going_on_to_an_own_path(path):
    assert safe_next(path) == path


ELSEWHERE = [
    None, "", "//evil.com", "/\\evil.com", "\\\\evil.com", "https:evil.com", "https://evil.com", "/\t/evil.com",
    "/\n/evil.com", "\t//evil.com", " //evil.com", "javascript:alert(1)", "data:text/html,x", "evil.com", "///evil.com",
    "/\\/evil.com", "/x\r\nSet-Cookie: a=b", "/\u2028/evil.com", "http:/evil.com", "/" + "a" * 3000,
]  # fmt: skip


@pytest.mark.parametrize("url", ELSEWHERE)
def test_never_going_on_elsewhere(url):
    assert safe_next(url, "/fallback") == "/fallback"


@given(st.text(alphabet="/\\:@.#?aé\t\n\r %\x00[]", max_size=12))
def test_whatever_is_asked_for_leads_to_a_path_of_ours(url):
    onward = safe_next(url)
    assert onward.startswith("/")
    assert not re.match(r"/[/\\\s]", onward)


def test_signing_in_does_not_lead_off_the_site(client, world):
    form = {"email": world.acme.staff.email, "password": "a long walk by the grey canal"}
    response = client.post("/sign-in?next=//evil.com/", data=form)
    assert response.headers["Location"] == "/"
