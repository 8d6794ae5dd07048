"""Two colleagues on one ticket: each sees that the other is there, writes, and has written."""

import pytest
from playwright.sync_api import expect

from app.tenancy import acting_for
from tests.tickets.casework import a_ticket


@pytest.fixture
def house(app, world):
    """Acme with one ticket."""
    with app.app_context(), acting_for(world.acme.id):
        a_ticket(world.acme, "First")
    return world.acme


def look_again(page):
    """What the page asks every ten seconds, at once."""
    page.locator("#watchers").dispatch_event("look")


def test_who_else_is_here_and_what_they_said_is_shown_without_losing_a_word(house, desk):
    ada, mo = desk(house.staff, house), desk(house.manager, house)
    for page in (ada, mo):
        page.goto(house.path("/tickets/1"))
    mo.locator("trix-editor").click()
    mo.keyboard.type("On my way")
    look_again(mo)
    ada.locator("trix-editor").click()
    ada.keyboard.type("Half a thought")
    look_again(ada)
    expect(ada.get_by_text("Mo Acme is writing").first).to_be_visible()
    mo.keyboard.press("Control+Enter")
    expect(mo.get_by_role("article", name="Message by Mo Acme")).to_be_visible()
    look_again(ada)
    ada.get_by_role("link", name="1 new message").click()
    expect(ada.get_by_role("article", name="Message by Mo Acme")).to_be_visible()
    expect(ada.get_by_role("link", name="1 new message")).to_have_count(0)
    expect(ada.locator("trix-editor")).to_have_text("Half a thought")
