"""Mails made to hurt: each is answered within two seconds and 256 MB, and the next one is read."""

import time
from pathlib import Path

import pytest

from app.mail.inbound import Inbound
from app.mail.sandbox import Sandbox
from tests.mail import hostile

LIMIT_SECONDS = 2.0
LIMIT_KB = 256 * 1024
SIMPLE = b"From: ann@example.org\r\n\r\nhello"


@pytest.fixture(scope="module")
def sandbox():
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


def parse_within_limits(sandbox, raw):
    sandbox.parse(SIMPLE)
    begun = time.monotonic()
    mail = sandbox.parse(raw)
    assert time.monotonic() - begun < LIMIT_SECONDS + 0.2
    if sandbox._child:
        assert peak_kb(sandbox._child.process.pid) < LIMIT_KB
    assert isinstance(sandbox.parse(SIMPLE), Inbound)
    assert isinstance(mail, Inbound), mail
    return mail


def peak_kb(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


@pytest.mark.parametrize("name", hostile.BOMBS)
def test_m19_every_mime_bomb_is_read_within_its_limits(sandbox, name):
    parse_within_limits(sandbox, hostile.BOMBS[name]())


def test_m19_mime_bomb_of_nested_parts_is_read_down_to_the_limit(sandbox):
    mail = parse_within_limits(sandbox, hostile.nested(1_000))
    assert "parts nested too deeply" in mail.notes
    assert mail.from_address == "eve@evil.example"


def test_m19_mime_bomb_of_many_parts_keeps_the_first_text(sandbox):
    mail = parse_within_limits(sandbox, hostile.many_parts(50_000))
    assert mail.text.startswith("the first text")
    assert "too many parts" in mail.notes


def test_m15_script_in_html_is_inert(sandbox):
    attack = (
        b"<scr<script>ipt>alert(1)</scr</script>ipt><img src=x onerror=alert(1)><svg onload=alert(1)>"
        b"<math><mglyph><style><img src onerror=alert(1)></style></mglyph></math><base href=//evil>"
        b"<a href='java\tscript:alert(1)'>x</a><iframe srcdoc='<script>alert(1)</script>'></iframe>"
        b"<form action=//evil><input></form><meta http-equiv=refresh content='0;url=//evil'>"
    )
    html = parse_within_limits(sandbox, hostile.html(attack)).html.lower()
    for mark in (
        "<script",
        "onerror",
        "onload",
        "<svg",
        "<math",
        "<base",
        "javascript",
        "<iframe",
        "<form",
        "<meta",
    ):
        assert mark not in html.replace("&lt;", "")


def test_m16_css_that_covers_the_page_or_loads_files_is_dropped(sandbox):
    attack = (
        b'<p style="position:fixed;z-index:99999;background:url(//evil);color:red">x</p>'
        b'<style>@import "//evil";</style>'
    )
    html = parse_within_limits(sandbox, hostile.html(attack)).html
    assert not any(mark in html for mark in ("position", "url(", "z-index", "@import"))


def test_m17_remote_pictures_are_not_loaded(sandbox):
    mail = parse_within_limits(sandbox, hostile.html(b'<p>a<img src="http://169.254.169.254/x.png"></p>'))
    assert ' src="http' not in mail.html


def test_m20_a_reply_made_to_stall_the_splitter_is_read_quickly(sandbox):
    begun = time.monotonic()
    parse_within_limits(sandbox, hostile.plain(b"On x\n" * 3_000))
    assert time.monotonic() - begun < 0.5


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("utf-7", b"+ADw-script+AD4-alert(1)"),
        ("hex", b"3c7363726970743e"),
        ("\\0", b"a\0b"),
        ("rot13", b"<fpevcg>"),
        ("utf-16", b"\xd8\x00\xd8\x00"),
        ("unicode_escape", b"\\u003cscript\\u003e"),
        ("utf-8", b"\xed\xa0\x80\xff\xfe"),
        ("x" * 5_000, b"caf\xe9"),
    ],
)
def test_m21_no_charset_makes_markup_or_breaks_storage(sandbox, charset, body):
    head = hostile.HEAD + b"Content-Type: text/html; charset=" + charset.encode() + b"\r\n\r\n"
    mail = parse_within_limits(sandbox, head + body)
    stored = mail.text + mail.html + mail.subject
    assert "<script" not in stored
    assert "\0" not in stored
    stored.encode("utf-8")


def test_m21_a_name_cannot_reorder_the_line_it_stands_in(sandbox):
    mail = parse_within_limits(sandbox, b"From: =?utf-8?q?=E2=80=AEnimda?= <a@b.example>\r\n\r\nx")
    assert mail.from_name == "nimda"


def test_m22_oversize_fields_are_cut_with_a_mark(sandbox):
    mail = parse_within_limits(sandbox, hostile.huge_subject(200_000))
    assert len(mail.subject) == 500
    assert mail.subject.endswith("…")
    assert "subject truncated" in mail.notes


def test_m22_a_64_kb_address_is_not_an_address(sandbox):
    mail = parse_within_limits(sandbox, b"From: " + b"a" * 64_000 + b"@evil.example\r\n\r\nx")
    assert mail.from_address == ""
    assert mail.problems


def test_m22_twenty_thousand_recipients_are_capped(sandbox):
    mail = parse_within_limits(sandbox, hostile.many_recipients(20_000))
    assert len(mail.cc) == 100
    assert mail.notes


def test_m23_a_zip_bomb_is_kept_closed(sandbox):
    (part,) = parse_within_limits(sandbox, hostile.zip_bomb()).attachments
    assert part.name == "42.zip"
    assert len(part.data) < 100_000


def test_m24_one_bad_mail_does_not_spoil_the_rest(sandbox):
    mails = [SIMPLE] * 50 + [hostile.nested_html(100_000)] + [SIMPLE] * 49
    read = [sandbox.parse(mail) for mail in mails]
    assert sum(isinstance(mail, Inbound) for mail in read) >= 99


def test_x1_no_file_name_is_a_path(sandbox):
    names = [
        "../../etc/x",
        "..%2fx",
        "a\\b\\c.txt",
        "CON",
        ".bashrc",
        "x\x00.sh",
        "n" * 300,
        "..",
        "a/../b",
        "=?utf-8?q?..=2F..=2Fx?=",
    ]
    parts = "".join(
        f'--b\r\nContent-Type: a/b\r\nContent-Disposition: attachment; filename="{name}"\r\n\r\nx\r\n'
        for name in names
    )
    raw = hostile.HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + parts.encode()
    for part in parse_within_limits(sandbox, raw).attachments:
        assert not set(part.name) & set('/\\\0"<>|:%')
        assert 0 < len(part.name) <= 150
        assert not part.name.startswith(".")
