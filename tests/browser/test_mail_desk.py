"""The mail desk and the addresses in a real browser: axe finds nothing, and a test mail shows its progress."""

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.jobs import Job, JobState, run_due
from app.mail import send
from app.mail.models import InboundMessage, OutboundMessage, OutboundState
from app.tenancy import acting_for
from app.tickets.settings import Mailbox
from tests.browser.conftest import DESK, PHONE, sign_in
from tests.browser.test_accessibility import HIGH, SIGHTS, findings
from tests.mail.delivering import deliver, mail

SPAM = "X-Mailgun-Sflag: Yes\n"
GOOGLE = "(#123456789) Gmail Forwarding Confirmation - Receive Mail from help@customer.example"
PICTURES = os.environ.get("WORKTRACKR_PICTURES")  # a folder, for whoever wants to look


@pytest.fixture
def busy(app, world):
    """Mail of every fate: filed, held, failed, given up; and Google's question."""
    house = world.acme
    deliver(app, mail("Rita Reed <rita@example.org>", house.address, proven=True), house.address)
    deliver(app, mail("Spammer <s@evil.example>", house.address, "Cheap pills", headers=SPAM), house.address)
    deliver(app, mail("forwarding-noreply@google.com", house.address, GOOGLE, proven=True), house.address)
    with app.app_context(), acting_for(house.id):
        message = db.session.scalars(sa.select(OutboundMessage)).one()
        message.state = OutboundState.QUEUED
        send.fail(message, "550 5.1.1 no such user here")
        error = "OperationalError: the far end went away"
        db.session.add(Job(name="events.react", lane="bulk", args=[], state=JobState.DEAD, last_error=error))
        db.session.commit()
    return house


def pages(app, house):
    with app.app_context(), acting_for(house.id):
        came = db.session.scalars(sa.select(InboundMessage.id).order_by(InboundMessage.id)).all()
        out = db.session.scalars(sa.select(OutboundMessage.id)).one()
        mailbox = db.session.scalars(sa.select(Mailbox.id)).one()
    return {
        "received": "/mail",
        "held": "/mail?state=held",
        "narrow": "/mail?q=pills&kind=human",
        "mail": f"/mail/{came[0]}",
        "held-mail": f"/mail/{came[1]}",
        "sent": "/mail/out?state=failed",
        "sent-mail": f"/mail/out/{out}",
        "dead": "/mail/dead",
        "addresses": "/settings/addresses",
        "address": f"/settings/addresses/{mailbox}",
    }


@pytest.mark.parametrize(("theme", "width"), SIGHTS)
def test_axe_finds_nothing_on_the_mail_desk(app, busy, open_page, theme, width):
    page = open_page(color_scheme=theme, viewport={"width": width, "height": HIGH}, bypass_csp=True)
    sign_in(page, busy.admin.email)
    found = []
    for name, path in pages(app, busy).items():
        assert page.goto(busy.path(path)).status == 200, path
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{theme}-{width}.png", full_page=False)
        found += findings(page)
    assert found == []


def test_nothing_of_the_mail_desk_is_wider_than_a_phone(app, busy, open_page):
    page = open_page(viewport=PHONE)
    sign_in(page, busy.admin.email)
    for path in pages(app, busy).values():
        page.goto(busy.path(path))
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path


def test_the_progress_of_a_test_mail_shows_by_itself(app, busy, open_page):
    page = open_page(viewport=DESK)
    sign_in(page, busy.admin.email)
    page.goto(busy.path(pages(app, busy)["address"]))
    page.get_by_role("button", name="Send a test mail").click()
    page.locator(".check-line li").first.wait_for()
    assert page.locator(".check-line .is-done").count() == 0
    with app.app_context():
        run_due()
    page.locator(".check-line .is-done").first.wait_for()


def test_a_held_mail_is_released_without_script(app, busy, open_page):
    page = open_page(java_script_enabled=False)
    sign_in(page, busy.manager.email)
    page.goto(busy.path("/mail?state=held"))
    page.get_by_role("checkbox", name="Tick Cheap pills").check()
    page.get_by_role("button", name="Release").click()
    assert page.get_by_text("1 released: it is filed now").is_visible()
