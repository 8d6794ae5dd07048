"""Finding things in a real browser: suggestions by keyboard, results, contacts and the dashboard."""

import re

import pytest
from playwright.sync_api import expect

from app.extensions import db
from app.tenancy import acting_for
from app.tickets.opening import find_or_add_contact
from tests.browser.conftest import DESK, sign_in
from tests.browser.test_accessibility import HIGH, SIGHTS, findings
from tests.tickets.searchable import a_ticket, answer


@pytest.fixture
def busy(app, world):
    """Acme with tickets to find, and the two contacts who opened them."""
    house = world.acme
    with app.app_context(), acting_for(house.id):
        for subject in ("Printer jam", "Printer toner", "Laptop lid"):
            answer(a_ticket(house, subject), house.staff, "Is the printer on?", internal=True)
        find_or_add_contact("reeta@home.example", "Rita Reeves")
        db.session.commit()
        ids = [find_or_add_contact(each).id for each in ("rita@client.example", "reeta@home.example")]
    return house, *ids


def test_suggestions_are_chosen_by_keyboard(busy, desk):
    house = busy[0]
    page = desk(house.staff, house)
    page.keyboard.press("/")
    page.keyboard.type("prin")
    options = page.get_by_role("option")
    expect(options).to_have_count(4)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/tickets/2$"))


def test_escape_closes_the_suggestions_and_enter_searches(busy, desk):
    house = busy[0]
    page = desk(house.staff, house)
    page.keyboard.press("/")
    page.keyboard.type("toner")
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator("#suggestions")).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/tickets/search\?q=toner"))
    expect(page.locator("mark")).to_have_text(["toner"])


def test_searching_works_without_script(busy, open_page):
    house = busy[0]
    page = open_page(java_script_enabled=False)
    sign_in(page, house.staff.email)
    page.goto(house.path("/tickets"))
    page.get_by_role("combobox", name="Search tickets").fill("toner")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Printer toner")).to_be_visible()


def test_the_dashboards_figures_are_there_without_script(busy, open_page):
    house = busy[0]
    page = open_page(java_script_enabled=False)
    sign_in(page, house.manager.email)
    page.goto(house.path("/dashboard"))
    page.get_by_text("Figures by day").click()
    expect(page.locator("#days tr").last).to_contain_text("30")  # three came today, none was resolved
    expect(page.locator("canvas")).to_be_hidden()


@pytest.mark.parametrize(("theme", "width"), SIGHTS)
def test_axe_finds_nothing_where_one_finds(busy, open_page, theme, width):
    house, rita, reeta = busy
    page = open_page(color_scheme=theme, viewport={"width": width, "height": HIGH}, bypass_csp=True)
    sign_in(page, house.admin.email)
    searches = ("/tickets/search?q=printer", "/tickets/search?q=zebra&status=open", "/tickets/search?q=the")
    cards = (
        f"/contacts/{rita}",
        f"/contacts/{rita}/edit",
        f"/contacts/{rita}/merge",
        f"/contacts/{rita}/merge?with={reeta}",
    )
    found = []
    for path in (*searches, "/contacts", "/contacts?q=nobody", *cards, "/dashboard"):
        page.goto(house.path(path))
        found += findings(page)
    page.goto(house.path("/tickets"))
    page.locator("#search").press_sequentially("prin")
    expect(page.get_by_role("option")).to_have_count(4)
    found += findings(page)
    assert found == []


def test_a_dashboard_draws_its_chart(busy, open_page):
    house = busy[0]
    page = open_page(viewport=DESK)
    sign_in(page, house.manager.email)
    page.goto(house.path("/dashboard?days=30"))
    expect(page.get_by_role("img", name=re.compile("In 30 days 3 tickets came"))).to_be_visible()
    drawn = (
        "document.querySelector('canvas').getContext('2d').getImageData(0, 0, 900, 200).data.some(Boolean)"
    )
    assert page.evaluate(drawn)
