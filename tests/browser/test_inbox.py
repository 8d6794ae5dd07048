"""The list as one works it: selecting, the bar under it, and coming back to the very row."""

import pytest
from playwright.sync_api import expect

from app.tenancy import acting_for
from tests.tickets.casework import a_ticket


@pytest.fixture
def house(app, world):
    """Acme with four tickets."""
    with app.app_context(), acting_for(world.acme.id):
        for subject in ("First", "Second", "Third", "Fourth"):
            a_ticket(world.acme, subject)
    return world.acme


def test_a_page_of_tickets_is_selected_and_changed_with_a_summary(house, desk):
    page = desk(house.staff, house)
    page.get_by_label("Select all on this page").check()
    expect(page.get_by_text("4 selected")).to_be_visible()
    apply = page.get_by_role("button", name="Apply")
    expect(apply).to_be_disabled()
    page.get_by_label("Select ticket 2").uncheck()
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.get_by_role("region", name="Selected tickets").get_by_label("Priority").select_option("Urgent")
    apply.click()
    expect(page.get_by_role("status").get_by_text("3 tickets changed")).to_be_visible()
    expect(page.locator(".priority-urgent")).to_have_count(3)


def test_the_selected_are_assigned_by_keyboard(house, desk):
    page = desk(house.staff, house)
    for key in ("j", "x", "j", "x", "a"):
        page.keyboard.press(key)
    expect(page.locator("#bulk-assignee")).to_be_focused()
    page.keyboard.type(house.manager.name)
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("img", name=f"Assigned to {house.manager.name}")).to_have_count(2)


def test_without_script_the_bar_stands_under_the_list(house, desk):
    page = desk(house.staff, house, java_script_enabled=False)
    page.get_by_label("Select ticket 1").check()
    page.get_by_role("region", name="Selected tickets").get_by_label("Add a tag").fill("vpn")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("1 ticket changed")).to_be_visible()


def test_u_goes_back_to_the_very_row_of_the_very_list(house, desk):
    page = desk(house.staff, house)
    page.goto(house.path("/tickets?status=any&sort=oldest"))
    page.get_by_role("link", name="Third").click()
    page.get_by_role("heading", name="Third").wait_for()
    page.wait_for_load_state()
    page.keyboard.press("u")
    page.wait_for_url("**/tickets?status=any&sort=oldest#ticket-3")
    expect(page.locator("#ticket-3")).to_have_class("row-item is-waiting is-here")
