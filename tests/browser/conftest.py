"""A real Chromium against a real server: pages as people meet them. Any console error fails the test."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from tests.world import PASSWORD, House, Person

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic"]
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests. Without one they are skipped, but never in CI."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI has no chromium: .ci/run installs it")
        pytest.skip("no chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where the application answers, with CSRF protection as in real life."""
    app.config["WTF_CSRF_ENABLED"] = True
    server = make_server("localhost", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def open_context(chromium: Browser, address: str) -> Iterator[Callable[..., BrowserContext]]:
    """`open_context(color_scheme="dark")` is a browser profile of its own."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        options = {"viewport": DESK, "locale": "en-GB", "base_url": address} | options
        opened.append(chromium.new_context(**options))
        return opened[-1]

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the console complained of: scripts that broke, policies that were violated. None may be left."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def open_page(open_context: Callable[..., BrowserContext], complaints: list[str]) -> Callable[..., Page]:
    """`open_page()` is a page whose console is listened to."""

    def make(**options: Any) -> Page:
        page = open_context(**options).new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: _listen(message.type, message.text, complaints))
        return page

    return make


def _listen(kind: str, text: str, complaints: list[str]) -> None:
    # A refused request is part of the test that asks for it.
    if kind in ("error", "warning") and "Failed to load resource" not in text:
        complaints.append(text)


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Sign in by the form."""
    page.goto("/sign-in")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()


@pytest.fixture
def desk(world: Any, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """`desk(house.staff)` is the inbox of that person."""

    def make(person: Person, house: House, **options: Any) -> Page:
        page = open_page(**options)
        sign_in(page, person.email)
        page.goto(house.path("/tickets"))
        return page

    return make
