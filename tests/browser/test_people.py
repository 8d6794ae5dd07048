"""People in a real browser: accounts, second factor, invitations and members, in both themes and on a phone."""

import re

import pyotp
import pytest

from app.auth.models import User
from app.extensions import db
from app.organisations.models import Organisation
from app.policy import Role
from app.signup import add_member
from app.tenancy import acting_for
from tests.account.post import last_link
from tests.browser.conftest import PHONE, sign_in
from tests.browser.test_accessibility import HIGH, SIGHTS, findings

PAGES = ["/account", "/account/security", "/account/sessions", "/account/password", "/account/address"]
ADMIN = ["/settings/members", "/settings/members/invite"]


def set_up(page):
    """Set up the second factor from its page; gives the secret."""
    page.goto("/account/second-factor")
    page.get_by_text("Cannot scan it?").click()
    secret = re.sub(r"\s", "", page.locator(".qr-words code").inner_text())
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Turn it on").click()
    return secret


@pytest.mark.parametrize(("theme", "width"), SIGHTS)
def test_axe_finds_nothing_on_the_pages_of_people(app, world, open_page, theme, width):
    page = open_page(color_scheme=theme, viewport={"width": width, "height": HIGH}, bypass_csp=True)
    page.goto("/reset")
    found = findings(page)
    sign_in(page, world.acme.admin.email)
    end = f"/settings/members/{world.acme.staff.membership_id}/end"
    inside = [world.acme.path(path) for path in (*PAGES, *ADMIN, end)]
    for path in (*PAGES, "/account/second-factor", "/prove", *inside):
        page.goto(path)
        found += findings(page)
    set_up(page)
    found += findings(page)
    assert found == []


def test_somebody_is_invited_joins_sets_up_a_second_factor_and_signs_in_with_it(app, world, open_page):
    admin, newcomer = open_page(), open_page(viewport=PHONE)
    sign_in(admin, world.acme.admin.email)
    admin.goto("/o/acme/settings/members")
    admin.get_by_role("link", name="Invite somebody").click()
    admin.get_by_label("Email").fill("ina@new.example")
    admin.get_by_role("button", name="Send the invitation").click()
    admin.get_by_label("Everybody here needs").check()
    admin.locator("form", has_text="Everybody here needs").get_by_role("button").click()
    admin.wait_for_load_state()
    newcomer.goto(last_link(app, world.acme))
    newcomer.get_by_label("Your name").fill("Ina New")
    newcomer.get_by_label("Password").fill("seven herons over the weir")
    newcomer.get_by_role("button", name="Join Acme").click()
    newcomer.wait_for_url("**/account/second-factor?for=acme")
    secret = set_up(newcomer)
    with newcomer.expect_download() as download:
        newcomer.get_by_text("Download them").click()
    assert len(download.value.path().read_text().split()) == 10
    newcomer.goto("/o/acme/tickets")
    assert newcomer.url.endswith("/o/acme/tickets")
    assert pyotp.TOTP(secret)


def test_two_organisations_in_two_tabs(app, world, open_context):
    with app.app_context():
        with acting_for(world.globex.id):
            user = db.session.get_one(User, world.acme.staff.user_id)
            add_member(db.session.get_one(Organisation, world.globex.id), user, Role.STAFF)
        db.session.commit()
    context = open_context()
    one, two = context.new_page(), context.new_page()
    sign_in(one, world.acme.staff.email)
    one.goto("/o/acme/tickets")
    two.goto("/organisations")
    two.get_by_role("link", name="Globex").click()
    two.wait_for_load_state()
    for tab, name in ((one, "Acme"), (two, "Globex"), (one, "Acme")):
        tab.reload()
        assert tab.locator(".rail-organisation").inner_text().strip() == name
