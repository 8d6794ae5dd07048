"""A hostile mail on a ticket's page, and in its original: nothing runs, nothing covers the page, nothing is fetched."""

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.jobs import run_due
from app.mail.receive import accept
from app.tickets.conversation import Comment

HOSTILE = """\
From: Mallory <mallory@evil.example>
To: {to}
Subject: <script>alert(1)</script>
Message-ID: <1@evil.example>
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<p style="position:fixed;inset:0;z-index:9;background:url(https://evil.example/x.png)">Hello</p>
<script>alert(1)</script><img src="https://evil.example/pixel.gif" onerror="alert(1)">
<form action="https://evil.example"><input name="password"></form>
<a href="javascript:alert(1)" hx-get="/sign-out">x</a><svg onload="alert(1)"></svg>
"""


@pytest.fixture
def pages(acme, signed_in):
    """The ticket's page and the address of the mail's original."""
    accept([acme.address], "mallory@evil.example", HOSTILE.format(to=acme.address).encode())
    db.session.commit()
    run_due()
    browser = signed_in(acme.staff)
    comment_id = db.session.scalar(sa.select(Comment.id))
    return browser, browser.get(acme.path("/tickets/1")), acme.path(f"/messages/{comment_id}/original")


def body_of(page) -> str:
    return page.text.split("data-body>")[1].split("</div>")[0]


def test_m15_m16_a_hostile_mail_is_inert_on_the_page(pages):
    _, page, _ = pages
    assert "Hello" in body_of(page)
    for word in ("script", "onerror", "style=", "javascript:", "hx-get", "<form", "<input", "<svg"):
        assert word not in body_of(page)
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text  # the subject, as words


def test_m17_pictures_from_elsewhere_are_blocked_until_asked_for(pages):
    browser, page, original = pages
    assert ' src="https://evil.example' not in page.text
    assert f"{original}?pictures=show" in page.text
    blocked = browser.get(original)
    assert ' src="https://evil.example' not in blocked.text
    assert "https:" not in blocked.headers["Content-Security-Policy"]
    assert ' src="https://evil.example/pixel.gif"' in browser.get(f"{original}?pictures=show").text


def test_the_original_runs_nothing_in_its_frame(pages):
    browser, _, original = pages
    answer = browser.get(original)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "<script>alert" not in answer.text


def test_t1_an_original_is_for_those_who_see_the_ticket(pages, world, signed_in):
    _, _, original = pages
    foreign = original.replace(world.acme.path(""), world.globex.path(""))
    assert signed_in(world.globex.admin).get(foreign).status_code == 404
