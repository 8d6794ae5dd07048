"""Undo send: ten seconds in which a reply comes back to where it was written."""

import pytest
from playwright.sync_api import expect

from app.tenancy import acting_for
from tests.tickets.casework import a_ticket


@pytest.fixture
def house(app, world, monkeypatch):
    """Acme with one ticket, where replies wait."""
    monkeypatch.setitem(app.config, "UNDO_SEND_SECONDS", 10)
    with app.app_context(), acting_for(world.acme.id):
        a_ticket(world.acme, "First")
    return world.acme


def test_a_reply_comes_back_with_its_words_and_what_was_begun_since(house, desk):
    page = desk(house.staff, house)
    page.goto(house.path("/tickets/1"))
    page.locator("trix-editor").click()
    page.keyboard.type("Have you tried turning it off?")
    page.keyboard.press("Control+Enter")
    own = page.get_by_role("article", name=f"Message by {house.staff.name}")
    expect(own).to_have_count(1)
    page.locator("trix-editor").click()
    page.keyboard.type("A second thought")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Not sent.")).to_be_visible()
    expect(own).to_have_count(0)
    expect(page.locator("trix-editor")).to_contain_text("Have you tried turning it off?")
    expect(page.locator("trix-editor")).to_contain_text("A second thought")
    page.reload()
    expect(page.locator("trix-editor")).to_contain_text("Have you tried turning it off?")


def test_without_script_the_words_are_back_in_the_field(house, desk):
    page = desk(house.staff, house, java_script_enabled=False)
    page.goto(house.path("/tickets/1"))
    page.get_by_label("Your message").fill("Too early")
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Your message")).to_have_value("Too early")
