"""Files: uploaded by those who write, served to those who see the ticket, as downloads that can run nothing."""

from io import BytesIO

import pytest
from PIL import Image

from app.extensions import db
from app.tickets.conversation import Attachment, Comment
from tests.tickets.casework import a_ticket


@pytest.fixture
def path(acme):
    return acme.path(f"/tickets/{a_ticket(acme).number}")


def picture() -> bytes:
    written = BytesIO()
    Image.new("RGB", (900, 300), "teal").save(written, "PNG")
    return written.getvalue()


def upload(browser, path, name="port.png", data=None):
    file = (BytesIO(picture() if data is None else data), name)
    return browser.post(f"{path}/attachments", data={"file": file}).json


def test_a_pasted_picture_travels_inside_the_message(acme, signed_in, path):
    browser = signed_in(acme.staff)
    sent = upload(browser, path)
    figure = (
        f'<figure class="x"><img src="{sent["url"]}" width="900"><figcaption>port.png</figcaption></figure>'
    )
    html = f"<div>Look:{figure}</div>"
    browser.post(f"{path}/comments", data={"kind": "reply", "html": html, "attachment": sent["id"]})
    db.session.rollback()
    file = db.session.query(Attachment).one()
    assert file.is_inline
    assert file.comment_id is not None
    assert f'src="cid:{file.content_id}"' in db.session.query(Comment).filter(~Comment.is_first).one().html
    assert f'<img src="{sent["url"]}"' in browser.get(path).text


def test_a_file_is_a_download_that_can_run_nothing(acme, signed_in, path):
    browser = signed_in(acme.staff)
    sent = upload(browser, path, "evil.html", b"<script>alert(1)</script>")
    answer = browser.get(sent["url"], buffered=True)
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=evil.html")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_thumbnail_is_drawn_anew_and_small(acme, signed_in, path):
    browser = signed_in(acme.staff)
    sent = upload(browser, path)
    answer = browser.get(sent["url"].replace("/picture", "/thumbnail"))
    assert max(Image.open(BytesIO(answer.data)).size) == 160
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_what_is_no_picture_has_no_thumbnail(acme, signed_in, path):
    browser = signed_in(acme.staff)
    sent = upload(
        browser, path, "logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"
    )
    assert browser.get(f"{sent['url']}/thumbnail").status_code == 404
    assert browser.get(f"{sent['url']}/picture").status_code == 404


def test_t5_a_draft_is_seen_by_its_writer_only(acme, signed_in, path):
    sent = upload(signed_in(acme.staff), path)
    assert signed_in(acme.staff).get(sent["url"]).status_code == 200
    assert signed_in(acme.admin).get(sent["url"]).status_code == 404


def test_files_sent_with_the_form_itself_arrive_too(acme, signed_in, path):
    form = {"kind": "note", "text": "", "files": [(BytesIO(b"a"), "a.txt"), (BytesIO(b"b"), "../../b.txt")]}
    signed_in(acme.staff).post(f"{path}/comments", data=form)
    db.session.rollback()
    assert sorted(each.name for each in db.session.query(Attachment)) == ["a.txt", "b.txt"]
