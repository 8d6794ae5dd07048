"""The bell in a real browser: its menu, its number, mentions from the keyboard, and axe on every page of it."""

from pathlib import Path

import pytest

from app.extensions import db
from app.notifications.links import off_url
from app.tenancy import acting_for
from app.tickets.models import Ticket
from tests.browser.conftest import DESK, PHONE
from tests.notifications.scenes import contact_of, quiet_ticket, say, work

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIGHTS = [(theme, size) for theme in ("light", "dark") for size in (DESK, PHONE)]


@pytest.fixture
def told(app, world):
    """Acme, where Ada was told of an answer and of a mention in a note; and the ticket's number."""
    house = world.acme
    with app.app_context(), acting_for(house.id):
        ticket = quiet_ticket(house, house.staff)
        say(ticket, "Smoke everywhere", by=contact_of(house), public=True)
        say(ticket, "@Ada Acme please hurry", by=house.manager)
        work(house)
        return house, db.session.get_one(Ticket, (house.id, ticket.id)).number


def findings(page, where: str = "html") -> list[str]:
    page.evaluate(AXE.read_text())
    result = page.evaluate("([where, rules]) => axe.run(where, { runOnly: rules })", [where, RULES])
    return [f"{each['id']}: {node['html']}" for each in result["violations"] for node in each["nodes"]]


def test_the_bell_shows_what_is_new_and_marks_it_read(told, desk):
    house, number = told
    page = desk(house.staff, house)
    assert page.title().startswith("(2) ")
    page.get_by_role("button", name="Notifications: 2 unread").click()
    page.get_by_text("Mo Acme mentioned you").wait_for()
    page.get_by_role("button", name="Mark all read").click()
    page.get_by_role("button", name="Notifications", exact=True).wait_for()
    page.wait_for_function("!document.title.startsWith('(')")
    page.get_by_role("link", name="Bob Buyer answered").click()
    page.wait_for_url(f"**/tickets/{number}")


def test_a_colleague_is_mentioned_from_the_keyboard(told, desk):
    house, number = told
    page = desk(house.staff, house)
    page.goto(house.path(f"/tickets/{number}"))
    page.keyboard.press("n")
    page.keyboard.type("Ask @mo")
    page.get_by_role("listbox").get_by_role("option", name="Mo Acme").wait_for()
    page.keyboard.press("Enter")
    page.keyboard.type("now")
    assert page.locator("trix-editor").inner_text().strip() == "Ask @Mo Acme now"
    page.keyboard.press("Control+Enter")
    page.get_by_text("Ask @Mo Acme now").first.wait_for()


def test_watching_changes_in_place(told, desk):
    house, number = told
    page = desk(house.admin, house)
    page.goto(house.path(f"/tickets/{number}"))
    page.get_by_role("button", name="Watch", exact=True).click()
    page.get_by_role("button", name="Stop watching").wait_for()


@pytest.mark.parametrize(("theme", "size"), SIGHTS)
def test_axe_finds_nothing_in_the_bell_and_its_pages(app, told, desk, theme, size):
    house, number = told
    page, found = desk(house.staff, house, color_scheme=theme, viewport=size), []
    page.locator(".bell-open").click()
    page.locator(".bell-menu li").first.wait_for()
    page.screenshot(path=f"/tmp/bell-{theme}-{size['width']}.png")
    found += findings(page, ".bell")  # it covers parts of what lies under it
    with app.app_context():
        off = off_url(house.id, house.staff.membership_id).removeprefix("http://localhost")
    paths = [house.path(each) for each in ("/notifications", "/notifications/settings", f"/tickets/{number}")]
    for path in [*paths, off]:
        page.goto(path)
        page.screenshot(
            path=f"/tmp/bell-{path.split('/')[-1][:9]}-{theme}-{size['width']}.png", full_page=True
        )
        found += [f"{path} {each}" for each in findings(page)]
    assert found == []


def test_the_bell_is_a_link_without_script(told, desk):
    house, _ = told
    page = desk(house.staff, house, java_script_enabled=False)
    page.get_by_role("link", name="Notifications: 2 unread").click()
    page.get_by_text("Mo Acme mentioned you").wait_for()
