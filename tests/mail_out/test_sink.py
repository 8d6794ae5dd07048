"""The development pages that show what would have been mailed."""

import dataclasses

import pytest

from app import create_app
from tests.mail_out.desk import File, answer, arrive, work
from tests.mail_out.test_reply import picture


@pytest.fixture
def browser(world, signed_in):
    return signed_in(world.acme.staff)


@pytest.fixture
def name(acme, app):
    """The sink's name of a reply with a picture."""
    shown = File("plan.png", "image/png", picture(), content_id="pic-1", is_inline=True)
    answer(acme, arrive(acme, kind="bulk"), '<p>Look</p><img src="cid:pic-1">', a=shown)
    work(acme)
    return app.extensions["mail_transport"].names()[0][0]


def test_the_list_shows_what_was_sent(acme, browser, name):
    page = browser.get(acme.path("/outgoing")).get_data(as_text=True)
    assert "Re: Printer burns [#1]" in page
    assert f"/outgoing/{name}" in page


def test_a_mail_is_shown_in_a_frame_that_can_run_nothing(acme, browser, name):
    page = browser.get(acme.path(f"/outgoing/{name}")).get_data(as_text=True)
    assert "Ada Acme via Acme Support" in page
    assert 'sandbox="allow-popups' in page
    body = browser.get(acme.path(f"/outgoing/{name}/body"))
    assert body.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "sandbox" in body.headers["Content-Security-Policy"]
    assert 'src="data:image/png;base64,' in body.get_data(as_text=True)


@pytest.mark.parametrize(
    "path", ["/outgoing/x", "/outgoing/..%2f..%2fx", "/outgoing/" + "a" * 32, "/outgoing/x/body"]
)
def test_a_name_that_is_no_mail_is_404(acme, browser, path):
    assert browser.get(acme.path(path)).status_code == 404


def test_a_stranger_sees_nothing(acme, client, name):
    assert client.get(acme.path("/outgoing")).status_code in (302, 401, 404)


@pytest.mark.parametrize(
    "change", [{"worktrackr_env": "production"}, {"mail_transport": "smtp", "smtp_url": "smtp://x"}]
)
def test_where_mail_really_leaves_there_are_no_such_pages(test_settings, change):
    app = create_app(dataclasses.replace(test_settings, **change))
    assert not any(rule.rule.startswith("/outgoing") for rule in app.url_map.iter_rules())
