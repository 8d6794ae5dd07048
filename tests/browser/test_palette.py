"""The palette: every page and action, found by typing, run by Enter."""

import re

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


def test_a_page_is_found_by_typing(house, desk):
    page = desk(house.staff, house)
    page.keyboard.press("Control+k")
    expect(page.get_by_label("Page or action")).to_be_focused()
    page.keyboard.type("cont")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/contacts"))


def test_an_action_of_the_page_is_run(house, desk):
    page = desk(house.staff, house)
    page.goto(house.path("/tickets/1"))
    page.keyboard.press("Control+k")
    page.keyboard.type("reso")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").get_by_text("Status: Resolved")).to_be_visible()


def test_it_opens_while_one_writes_and_gives_the_place_back(house, desk):
    page = desk(house.staff, house)
    page.goto(house.path("/tickets/1"))
    page.locator("trix-editor").click()
    page.keyboard.type("Half")
    page.keyboard.press("Control+k")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    page.keyboard.type(" a thought")
    expect(page.locator("trix-editor")).to_have_text("Half a thought")


def test_words_that_are_no_page_are_searched_for(house, desk):
    page = desk(house.staff, house)
    page.keyboard.press("Control+k")
    page.keyboard.type("smokes")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Search tickets for “smokes”")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=smokes"))


def test_the_keys_are_shown(house, desk):
    page = desk(house.staff, house)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text(
        "Go to a page, or do something"
    )
