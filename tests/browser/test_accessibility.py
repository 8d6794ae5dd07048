"""axe-core finds nothing on any page, in both themes, on a desk and on a phone (WCAG 2.2 AA and good practice)."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.extensions import db, new_id, now
from app.mail.models import InboundMessage, InboundState
from app.tenancy import acting_for
from app.tickets.changing import add_participant, prioritise, set_due, tag_with
from app.tickets.models import Priority
from app.tickets.opening import find_or_add_contact
from app.tickets.settings import Mailbox
from app.web import PUBLIC, access_of
from tests.browser.conftest import DESK, PHONE, sign_in
from tests.tickets.casework import a_long_ticket

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Pages that no rule of the map stands for by itself.
FURTHER = [
    "/tickets?assignee=me",
    "/tickets?priority=low&tag=vpn",
    "/tickets/search?q=printer",
    "/tickets/1",
    "/nothing",
]
# So high that nothing lies under what sticks to the edges: where one has scrolled to is not what is tested.
SIGHTS = [(theme, width) for theme in ("light", "dark") for width in (DESK["width"], PHONE["width"])]
HIGH = 2600


@pytest.fixture
def filled(app, world):
    """A ticket with everything a page can show of one, and a held mail."""
    house = world.acme
    with app.app_context(), acting_for(house.id):
        by = house.staff.actor
        ticket = a_long_ticket(house, 5)
        tag_with(ticket, ["vpn", "router"], by=by)
        prioritise(ticket, Priority.URGENT, by=by)
        set_due(ticket, now() - timedelta(days=1), by=by)
        add_participant(ticket, find_or_add_contact("boss@customer.example", "The Boss"), by=by)
        mailbox = db.session.scalars(sa.select(Mailbox)).first()
        db.session.add(
            InboundMessage(
                id=new_id(),
                mailbox_id=mailbox.id,
                recipient=mailbox.address,
                raw=b"Subject: x\r\n\r\nx",
                size=15,
                state=InboundState.HELD,
                reason="not_a_participant",
                from_address="stranger@elsewhere.example",
                subject="Re: The printer is on fire",
            )
        )
        db.session.commit()
    return house


def findings(page) -> list[str]:
    """What axe says, one line each, with the element it says it of."""
    page.evaluate(AXE.read_text())
    result = page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES)
    return [
        f"{page.url}: {node['failureSummary']}: {node['html'][:200]}"
        for found in result["violations"]
        for node in found["nodes"]
    ]


def addresses(app, *, public: bool) -> list[str]:
    """Every address that needs nothing filled in, so that a new page is covered without anyone remembering."""
    found = []
    for rule in app.url_map.iter_rules():
        wanted = (access_of(app, rule.endpoint) == PUBLIC) is public
        if "GET" in rule.methods and not rule.arguments and wanted and rule.endpoint != "static":
            found.append(rule.rule)
    return sorted(found)


def looked_at(page, paths) -> list[str]:
    """What axe says of those of the addresses that are whole pages."""
    found = []
    for path in paths:
        answer = page.goto(path)
        assert answer.status < 500, path
        if "<html" in answer.text():
            found += findings(page)
    return found


def test_axe_is_there():
    assert AXE.exists(), "run bin/assets"


@pytest.mark.parametrize(("theme", "width"), SIGHTS)
def test_axe_finds_nothing(app, filled, open_page, theme, width):
    # axe itself is not ours to give a nonce.
    page = open_page(color_scheme=theme, viewport={"width": width, "height": HIGH}, bypass_csp=True)
    found = looked_at(page, [*addresses(app, public=True), "/nothing"])
    sign_in(page, filled.admin.email)
    inside = [*addresses(app, public=False), *FURTHER]
    assert {"/tickets", "/tickets/new", "/mail"} < set(inside)
    found += looked_at(page, ["/organisations", *map(filled.path, inside)])
    assert found == []


@pytest.mark.parametrize(("theme", "width"), SIGHTS)
def test_axe_finds_nothing_in_what_opens(app, filled, open_page, theme, width):
    page = open_page(color_scheme=theme, viewport={"width": width, "height": HIGH}, bypass_csp=True)
    sign_in(page, filled.staff.email)
    page.goto(filled.path("/tickets"))
    found = []
    for opens in (".menu-end > summary", ".filters .menu >> nth=1 >> summary"):
        page.locator(opens).click()
        found += findings(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    found += findings(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    found += findings(page)
    page.keyboard.press("Escape")
    page.get_by_label("Select all on this page").check()
    found += findings(page)
    page.goto(filled.path("/tickets/1"))
    page.locator("trix-editor").click()
    page.get_by_role("radio", name="Note").check()
    found += findings(page)
    if width == PHONE["width"]:
        page.get_by_role("button", name="Details of this ticket").click()
        found += findings(page)
    assert found == []


@pytest.mark.parametrize("path", ["/tickets", "/tickets/1", "/tickets/new", "/mail"])
def test_nothing_is_wider_than_a_phone_nor_than_a_page_at_twice_its_size(app, filled, open_page, path):
    for width in (390, 320, 640):  # 640: a window of 1280 at 200 %; 320: one at 400 % (WCAG 1.4.10)
        page = open_page(viewport={"width": width, "height": 700})
        sign_in(page, filled.manager.email)
        page.goto(filled.path(path))
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (path, width)


def test_targets_on_a_phone_are_large_enough_for_a_thumb(app, filled, open_page):
    page = open_page(viewport=PHONE, has_touch=True)
    sign_in(page, filled.staff.email)
    small = []
    for path in ("/tickets", "/tickets/1", "/tickets/new"):
        page.goto(filled.path(path))
        small += page.evaluate(
            """() => [...document.querySelectorAll(".btn, .thumbs > *, .form-control, .form-select, .case-back")]
              .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 35.5)
              .map((e) => e.outerHTML.slice(0, 120))"""
        )
    assert small == []
