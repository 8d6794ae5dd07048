"""The core path without JavaScript: sign in, find, answer, change, take back."""

from playwright.sync_api import expect

from app.tenancy import acting_for
from tests.tickets.casework import a_ticket


def test_a_ticket_is_answered_and_resolved_without_script(app, world, desk):
    with app.app_context(), acting_for(world.acme.id):
        a_ticket(world.acme)
    page = desk(world.acme.staff, world.acme, java_script_enabled=False)
    page.locator("summary", has_text="assigned to anyone").click()
    page.get_by_role("link", name="Assigned to nobody").click()
    page.get_by_role("link", name="The printer is on fire").click()
    page.get_by_role("textbox", name="Your message").fill("We are on our way.\n\nStay calm.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("article", name="Message by Ada Acme")).to_contain_text("Stay calm.")
    page.get_by_label("Priority").select_option("Urgent")
    page.locator("form", has=page.get_by_label("Priority")).get_by_role("button", name="Save").click()
    expect(page.get_by_text("Priority: Urgent")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Priority")).to_have_value("medium")
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()


def test_a_note_without_script_stays_inside(app, world, desk):
    with app.app_context(), acting_for(world.acme.id):
        number = a_ticket(world.acme).number
    page = desk(world.acme.staff, world.acme, java_script_enabled=False)
    page.goto(world.acme.path(f"/tickets/{number}"))
    page.get_by_role("radio", name="Note").check()
    page.get_by_role("textbox", name="Your message").fill("He says that every time.")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_role("article", name="Internal note by Ada Acme")).to_contain_text("every time")


def test_a_new_ticket_is_opened_without_script(world, desk):
    page = desk(world.acme.staff, world.acme, java_script_enabled=False)
    page.get_by_role("link", name="New ticket").click()
    page.get_by_label("Requester’s email address").fill("caller@customer.example")
    page.get_by_label("Subject").fill("No tone")
    page.get_by_label("Message", exact=True).fill("The phone is dead.")
    page.get_by_role("button", name="Create the ticket").click()
    expect(page.get_by_role("heading", name="No tone")).to_be_visible()
