"""What templates can say: times and sizes as people read them; and static files under URLs that never change."""

from datetime import UTC, datetime, timedelta

import pytest

from app import pages
from app.assets import Assets

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("gone", "short", "long"),
    [
        (timedelta(seconds=20), "now", "just now"),
        (timedelta(minutes=5), "5m", "5 minutes ago"),
        (timedelta(hours=3), "3h", "3 hours ago"),
        (timedelta(days=2), "2d", "2 days ago"),
        (timedelta(days=60), "16 Apr", "16 Apr"),
        (timedelta(days=400), "11 May 2025", "11 May 2025"),
    ],
)
def test_times_are_said_as_people_say_them(app, gone, short, long):
    with app.test_request_context():
        assert (pages.since(NOW - gone, NOW), pages.ago(NOW - gone, NOW)) == (short, long)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ana María Ruiz", "AR"),
        ("ana@x.example", "A"),
        ("", "?"),
        ("李伟", "李"),
        ("Dr. X", "DX"),
        ("…", "?"),
    ],
)
def test_initials_stand_for_a_person(name, letters):
    assert pages.initials(name) == letters


@pytest.mark.parametrize(("count", "words"), [(812, "812 B"), (34_100, "34 kB"), (2_140_000, "2.1 MB")])
def test_sizes_are_rounded(count, words):
    assert pages.size(count) == words


def test_a_changed_file_gets_another_url(tmp_path):
    (tmp_path / "a.css").write_text("a{}")
    before = Assets(tmp_path).url("a.css")
    (tmp_path / "a.css").write_text("b{}")
    assert Assets(tmp_path).url("a.css") != before


def test_a_missing_file_says_what_to_run(tmp_path):
    with pytest.raises(FileNotFoundError, match="run bin/assets"):
        Assets(tmp_path).url("vendor/kit.css")


def test_static_files_are_immutable_and_never_carry_an_organisations_prefix(acme, signed_in):
    browser = signed_in(acme.staff)
    page = browser.get(acme.path("/tickets")).text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = browser.get(address, buffered=True)
    assert address.startswith("/static/vendor/kit.")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/static/../config.py", "/static/css/../../models.py", "/static/vendor", "/static/x"]
)
def test_w11_nothing_but_static_files_is_served(client, path):
    assert client.get(path).status_code in (302, 404)
