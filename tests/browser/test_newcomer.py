"""What a newcomer does: a mail arrives, is answered with a picture, and the answer to that finds its ticket."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page, expect

from app.demo import loading
from app.extensions import db
from app.jobs import run_due
from app.organisations.models import Organisation
from app.tenancy import acting_for
from app.tickets.settings import Mailbox
from tests.browser.conftest import sign_in

PASSWORD = "a demo of eight words for one test"
PASTE = """async (editor) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 32 });
  canvas.getContext("2d").fillRect(0, 0, 64, 32);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const data = new DataTransfer();
  data.items.add(new File([blob], "here.png", { type: "image/png" }));
  editor.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def queue_address(app: Flask) -> str:
    """The demo is loaded; mail to this address becomes tickets of Canal Street Apartments."""
    with app.app_context():
        loading.load(PASSWORD)
        db.session.commit()
        organisation = db.session.scalars(sa.select(Organisation).filter_by(slug="canal-street")).one()
        with acting_for(organisation.id):
            return db.session.scalars(sa.select(Mailbox.address).order_by(Mailbox.created_at)).first()


def receive(app: Flask, mail: EmailMessage) -> None:
    """Pipe a mail into `flask mail receive` and let the workers run."""
    done = app.test_cli_runner().invoke(args=["mail", "receive"], input=mail.as_bytes())
    assert done.exit_code == 0, done.output
    work(app)


def work(app: Flask) -> None:
    with app.app_context():
        run_due()


def a_mail(to: str, text: str, **headers: str) -> EmailMessage:
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = "Mara Quist <mara@tenant.example>"
    mail["To"] = to
    mail["Subject"] = headers.pop("subject", "No hot water since this morning")
    mail["Message-ID"] = f"<{abs(hash(text))}@tenant.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def sent_reply(app: Flask) -> EmailMessage:
    """The newest reply in the sink."""
    files = sorted(Path(app.config["MAIL_SINK_PATH"]).glob("*.eml"), key=lambda path: path.stat().st_mtime)
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
    return next(mail for mail in reversed(mails) if "Auto-Submitted" not in mail)


def test_the_main_job_from_mail_to_answer_and_back(app, open_page, queue_address):
    page = open_page()
    sign_in(page, "joe@worktrackr.example", PASSWORD)
    expect(page.get_by_role("heading", name="All open")).to_be_visible()

    receive(app, a_mail(queue_address, "The boiler in flat 12 shows F28."))
    see_that_it_arrived(page)
    assign_and_note(page)
    reply_with_picture(page)
    work(app)

    see_the_mail_as_its_reader(page)
    outgoing = sent_reply(app)
    answer = a_mail(
        str(outgoing["Reply-To"]),
        "That helped, it is warm again!",
        subject=f"Re: {outgoing['Subject']}",
        In_Reply_To=str(outgoing["Message-ID"]),
    )
    receive(app, answer)
    page.goto("/o/canal-street/tickets")
    page.get_by_role("link", name="No hot water since this morning").click()
    expect(page.get_by_role("article", name="Message by Mara Quist").last).to_contain_text("warm again!")
    expect(page.get_by_text("The boiler in flat 12 shows F28.")).to_be_visible()


def see_that_it_arrived(page: Page) -> None:
    """The bar above the list says so without moving it; pressing it shows the ticket."""
    page.evaluate("htmx.ajax('GET', document.getElementById('arrivals').getAttribute('hx-get'), '#arrivals')")
    page.get_by_role("link", name=re.compile("1 new")).click()
    page.get_by_role("link", name="No hot water since this morning").click()
    expect(page.get_by_role("heading", name="No hot water since this morning")).to_be_visible()


def assign_and_note(page: Page) -> None:
    page.get_by_label("Assignee").select_option("Joe Mensah")
    expect(page.get_by_role("status").get_by_text("Assignee: Joe Mensah")).to_be_visible()
    expect(page.get_by_text("Joe Mensah took this")).to_be_visible()
    page.get_by_role("radio", name="Note").check()
    page.locator("trix-editor").fill("F28 is the gas valve, third time this year.")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_role("article", name="Internal note by Joe Mensah")).to_contain_text("gas valve")


def reply_with_picture(page: Page) -> None:
    page.get_by_role("radio", name="Reply").check()
    editor = page.locator("trix-editor")
    editor.click()
    page.keyboard.type("Please press this button: ")
    editor.evaluate(PASTE)
    expect(editor.locator("img[src*='/attachments/']")).to_be_visible()
    page.keyboard.press("Control+Enter")
    reply = page.get_by_role("article", name="Message by Joe Mensah")
    expect(reply.locator("img")).to_have_js_property("naturalWidth", 64)
    expect(editor).to_be_empty()


def see_the_mail_as_its_reader(page: Page) -> None:
    page.get_by_role("link", name="Outgoing mail").click()
    page.get_by_role(
        "link", name=re.compile("mara@tenant.example.*Re: No hot water", re.DOTALL)
    ).first.click()
    mail = page.frame_locator("iframe[title='The mail as its recipient sees it']")
    expect(mail.get_by_text("Please press this button:")).to_be_visible()
    expect(mail.locator("img").first).to_have_js_property("naturalWidth", 64)
    expect(mail.get_by_text("gas valve")).to_have_count(0)
