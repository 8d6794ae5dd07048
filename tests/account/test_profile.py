"""One's profile: name, picture, language, time zone, signature and being away, and where each of them shows."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
import sqlalchemy as sa
from PIL import Image

from app.auth.models import User
from app.extensions import db, now
from app.tenancy import acting_for
from app.tickets.conversation import Comment
from tests.filling import fill

PROFILE = {"name": "Ada Acme", "locale": "en_GB", "time_zone": "Europe/London"}


def save(browser, **more):
    return browser.post("/account", data=PROFILE | more)


def set_user(app, person, **values):
    with app.app_context():
        db.session.execute(sa.update(User).where(User.id == person.user_id).values(**values))
        db.session.commit()


def picture(size=(40, 30), kind="PNG"):
    written = BytesIO()
    exif = {"exif": b"Exif\x00\x00secret place"} if kind == "JPEG" else {}
    Image.new("RGB", size, "red").save(written, kind, **exif)
    written.seek(0)
    return written


def with_picture(browser, data=None, name="me.png"):
    return browser.post("/account", data=PROFILE | {"picture": (data or picture(), name)})


def url_of_picture(app, person, prefix=""):
    with app.app_context():
        return f"{prefix}/people/{person.user_id}/picture"


def test_a_profile_is_saved(app, world, signed_in):
    browser = signed_in(world.acme.staff)
    save(browser, name=" Ada\nByron ", time_zone="Asia/Tokyo", signature="Ada \n\n", away_until="2031-02-03")
    with app.app_context():
        user = db.session.get_one(User, world.acme.staff.user_id)
        assert (user.name, user.time_zone, user.signature) == ("Ada Byron", "Asia/Tokyo", "Ada")
        assert user.away_until == date(2031, 2, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Mars/Olympus"},
        {"locale": "xx"},
        {"name": ""},
        {"away_until": "soon"},
        {"signature": "x" * 2000},
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(world, signed_in, wrong):
    assert save(signed_in(world.acme.staff), **wrong).status_code == 422


def test_p1_a_profile_changes_nothing_but_the_profile(app, world, signed_in):
    save(signed_in(world.acme.staff), email="x@evil.example", second_factor_at="", disabled_at="", id="0")
    with app.app_context():
        assert db.session.get_one(User, world.acme.staff.user_id).email == world.acme.staff.email


def test_times_are_shown_in_the_readers_zone(app, world, signed_in):
    with app.app_context():
        fill(world.acme)
        with acting_for(world.acme.id):
            db.session.execute(
                sa.update(Comment).values(created_at=datetime(2026, 1, 31, 23, 30, tzinfo=UTC))
            )
            db.session.commit()
    browser = signed_in(world.acme.staff)
    assert "Saturday 31 January 2026, 23:30" in browser.get("/o/acme/tickets/1").text
    set_user(app, world.acme.staff, time_zone="Asia/Tokyo")
    page = browser.get("/o/acme/tickets/1").text
    assert "Sunday 1 February 2026, 08:30" in page


def test_a_picture_is_made_anew_and_small(app, world, signed_in):
    browser = signed_in(world.acme.staff)
    assert with_picture(browser, picture((900, 600), "JPEG")).status_code == 303
    answer = browser.get(url_of_picture(app, world.acme.staff))
    assert answer.content_type == "image/jpeg"
    assert b"secret place" not in answer.data
    assert max(Image.open(BytesIO(answer.data)).size) == 256


@pytest.mark.parametrize(
    "data", [b"<svg onload=alert(1)>", b"GIF89a", b"MZ", b"\x89PNG\r\n\x1a\n" + b"\x00" * 99]
)
def test_w2_what_is_no_raster_picture_is_refused(world, signed_in, data):
    answer = with_picture(signed_in(world.acme.staff), BytesIO(data), "me.svg")
    assert answer.status_code == 422


def test_a_picture_is_shown_to_colleagues_and_nobody_else(app, world, signed_in, client):
    with_picture(signed_in(world.acme.staff))
    path = url_of_picture(app, world.acme.staff, "/o/acme")
    assert signed_in(world.acme.manager).get(path).status_code == 200
    assert signed_in(world.acme.partner_admin).get(path).status_code == 200
    assert signed_in(world.globex.admin).get(path).status_code == 404
    assert signed_in(world.globex.admin).get(path.replace("acme", "globex")).status_code == 404
    assert signed_in(world.acme.manager).get(path.removeprefix("/o/acme")).status_code == 404
    assert client.get(path).status_code in (302, 401, 404)


def test_a_picture_is_kept_by_the_browser_alone_and_runs_nothing(app, world, signed_in):
    browser = signed_in(world.acme.staff)
    with_picture(browser)
    headers = browser.get(url_of_picture(app, world.acme.staff)).headers
    assert headers["Cache-Control"].startswith("private,")
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_picture_can_be_taken_away(app, world, signed_in):
    browser = signed_in(world.acme.staff)
    with_picture(browser)
    save(browser, without_picture="y")
    assert browser.get(url_of_picture(app, world.acme.staff)).status_code == 404


def test_a_colleague_who_is_away_is_marked_when_one_assigns(app, world, signed_in):
    with app.app_context():
        fill(world.acme)
    set_user(app, world.acme.manager, away_until=now().date() + timedelta(days=3))
    set_user(app, world.acme.admin, away_until=now().date() - timedelta(days=2))
    page = signed_in(world.acme.staff).get("/o/acme/tickets/1").text
    assert "Mo Acme (away until" in page
    assert "Alma Acme (away" not in page


def said(app, world, signed_in, **form):
    """What the last comment says after the staff member, who has a signature, wrote it."""
    with app.app_context():
        fill(world.acme)
    set_user(app, world.acme.staff, signature="Ada\nAcme Ltd")
    signed_in(world.acme.staff).post("/o/acme/tickets/1/comments", data=form)
    with app.app_context(), acting_for(world.acme.id):
        return db.session.scalars(sa.select(Comment.text).order_by(Comment.created_at.desc())).first()


def test_the_composer_offers_the_signature(app, world, signed_in):
    with app.app_context():
        fill(world.acme)
    set_user(app, world.acme.staff, signature="Ada\nAcme Ltd")
    assert "Acme Ltd</textarea>" in signed_in(world.acme.staff).get("/o/acme/tickets/1").text


def test_a_reply_ends_with_the_signature_as_it_was_left(app, world, signed_in):
    text = said(app, world, signed_in, kind="reply", text="Try again.", signature="Ada <b>B</b>")
    assert text.splitlines()[0] == "Try again."
    assert text.rstrip().endswith("Ada <b>B</b>")


def test_a_note_has_no_signature(app, world, signed_in):
    assert "Ada" not in said(app, world, signed_in, kind="note", text="Careful.", signature="Ada")


def test_a_signature_alone_is_no_reply(app, world, signed_in):
    assert "Ada" not in said(app, world, signed_in, kind="reply", text="", signature="Ada")
