"""Working in it: by keyboard, against a colleague, on a bad line, with one thumb."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.extensions import db
from app.tenancy import acting_for
from app.tickets.changing import prioritise
from app.tickets.models import Priority, Ticket
from tests.browser.conftest import PHONE
from tests.tickets.casework import a_ticket


@pytest.fixture
def house(app, world):
    """Acme with three tickets."""
    with app.app_context(), acting_for(world.acme.id):
        for subject in ("First", "Second", "Third"):
            a_ticket(world.acme, subject)
    return world.acme


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent"))


def test_the_list_is_worked_by_keyboard(house, desk):
    page = desk(house.staff, house)
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
    assert focused(page) == "Second"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Second")).to_be_visible()
    page.wait_for_load_state()  # keys mean something once the scripts are there
    page.keyboard.press("u")
    page.wait_for_url(re.compile("/tickets#ticket-2"))
    assert focused(page) == "Second"
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.keyboard.press("e")
    expect(page.locator(".row-item")).to_have_count(1)


def test_keys_are_letters_where_one_writes(house, desk):
    page = desk(house.staff, house)
    page.keyboard.press("/")
    page.keyboard.type("jack")
    assert page.get_by_label("Search tickets").input_value() == "jack"
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="New ticket")).to_be_visible()


def test_a_colleague_who_was_faster_is_shown_and_nothing_is_lost(app, house, desk):
    page = desk(house.staff, house)
    page.goto(house.path("/tickets/1"))
    page.locator("trix-editor").click()
    page.keyboard.type("Half a sentence")
    with app.app_context(), acting_for(house.id):
        ticket = db.session.query(Ticket).filter_by(number=1).one()
        prioritise(ticket, Priority.HIGH, by=house.admin.actor)
        db.session.commit()
    page.get_by_label("Priority").select_option("Low")
    conflict = page.locator("#conflict")
    expect(conflict).to_contain_text("Priority was changed while you were looking")
    expect(conflict).to_contain_text(house.admin.name)
    expect(page.locator("trix-editor")).to_have_text("Half a sentence")
    conflict.get_by_role("button", name="Use yours").click()
    expect(page.get_by_label("Priority")).to_have_value("low")
    expect(page.locator("trix-editor")).to_have_text("Half a sentence")


def test_a_change_can_be_taken_back_at_once(house, desk):
    page = desk(house.staff, house)
    page.goto(house.path("/tickets/1"))
    page.get_by_label("Assignee").select_option(house.admin.name)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Assignee")).to_have_value("")


def test_a_lost_connection_loses_nothing(house, desk, complaints):
    page = desk(house.staff, house)
    page.goto(house.path("/tickets/1"))
    page.locator("trix-editor").click()
    page.keyboard.type("Written in a tunnel")
    page.context.set_offline(True)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").get_by_text("No connection")).to_be_visible()
    assert "Failed to fetch" in complaints.pop()
    page.context.set_offline(False)
    page.reload()
    expect(page.locator("trix-editor")).to_have_text("Written in a tunnel")
    page.locator("trix-editor").click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("article", name=f"Message by {house.staff.name}")).to_have_count(1)
    expect(page.locator("trix-editor")).to_be_empty()


def test_a_note_is_still_a_note_after_a_reload(house, desk):
    page = desk(house.staff, house)
    page.goto(house.path("/tickets/1"))
    page.locator("trix-editor").click()
    page.get_by_role("radio", name="Note").check()
    page.keyboard.type("not for the customer")
    expect(page.get_by_text("Draft kept")).to_be_visible()
    page.reload()
    expect(page.get_by_role("radio", name="Note")).to_be_checked()
    expect(page.get_by_role("button", name="Add note")).to_be_visible()
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_hidden()


def test_a_reply_is_sent_with_one_thumb(house, desk):
    page = desk(house.staff, house, viewport=PHONE, has_touch=True, is_mobile=True)
    page.get_by_role("link", name="Third").tap()
    page.locator("trix-editor").tap()
    page.keyboard.type("Coming.")
    page.get_by_role("button", name="Send", exact=True).tap()
    expect(page.get_by_role("article", name=f"Message by {house.staff.name}")).to_be_visible()
    page.get_by_role("button", name="Details of this ticket").tap()
    page.get_by_label("Priority").select_option("High")
    expect(page.get_by_role("status").get_by_text("Priority: High")).to_be_visible()


def test_the_theme_one_chooses_stays(house, desk):
    page = desk(house.staff, house, color_scheme="light")
    page.locator(".menu-end > summary").click()
    page.get_by_role("radio", name="Dark").check()
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
