"""Reading mails as they really come: headers, people, bodies, attachments."""

import pytest

from app.mail.parse import parse
from app.mail.prepare import prepare
from tests.mail import corpus


@pytest.mark.parametrize("path", [*corpus.THREADS, *corpus.ODD, *corpus.CLIENTS], ids=lambda path: path.stem)
def test_every_collected_mail_is_readable(path):
    mail = prepare(path.read_bytes(), corpus.NOW)
    assert mail.text.strip() or mail.attachments or mail.flags
    assert mail.from_address or mail.problems


@pytest.mark.parametrize("path", corpus.STDLIB, ids=lambda path: path.stem)
def test_the_standard_librarys_own_test_mails_are_read(path):
    assert prepare(path.read_bytes(), corpus.NOW).message_id


def test_at_least_sixty_mails_of_many_programs_are_kept():
    assert len(corpus.CLIENTS) >= 60


@pytest.mark.parametrize(
    ("name", "subject", "text"),
    [
        ("charset-gb2312-really-gb18030", "打印机错误朱镕基", "打印机错误：朱镕基"),
        ("charset-iso-2022-jp", "プリンタ障害", "プリンタが動きません。"),
        ("charset-koi8-r", "Ошибка принтера", "Принтер не печатает."),
        ("charset-ks-c-5601", "프린터 오류", "프린터가 작동하지 않습니다."),
        ("charset-big5", "印表機錯誤", "印表機不能用。"),
        ("charset-latin1-smart-quotes", "The printer’s broken", "It’s “broken” € 5"),
        ("charset-ascii-but-utf8", "Tür klemmt", "Die Tür klemmt."),
        ("charset-unknown-name", "café", "Das Café ist zu."),
        ("charset-split-character", "Tür", "ö"),
        ("charset-html-meta", "meta", "Привет"),
        ("charset-hex-codec", "hex", "68656c6c6f"),
    ],
)
def test_text_is_read_whatever_its_charset(name, subject, text):
    mail = corpus.read(name)
    assert (mail.subject, mail.text.strip()) == (subject, text)


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("charset-undeclared-8bit", "Der Drucker im zweiten Stock ist gestört"),
        ("charset-cp1251-undeclared", "Здравствуйте!"),
    ],
)
def test_an_undeclared_charset_is_guessed_and_noted(name, start):
    mail = corpus.read(name)
    assert mail.text.startswith(start)
    assert "charset was not declared" in mail.notes


def test_file_names_are_decoded_and_made_safe():
    names = [part.name for part in corpus.read("attachment-names").attachments]
    assert names[:5] == ["Rechnung März.pdf", "Übersicht.pdf", "passwd", "evil.sh", "_CON"]
    assert names[5].endswith("n.txt")
    assert len(names[5]) == 150
    assert names[6:] == ["htaccess", "gnp txt.exe", "attachment"]


def test_only_a_picture_that_the_text_shows_is_inline():
    shown, unused = corpus.read("inline-picture").attachments
    assert (shown.name, shown.content_id, shown.inline) == ("shot.png", "shot@01", True)
    assert (unused.name, unused.inline) == ("unused.png", False)


@pytest.mark.parametrize(
    ("name", "text", "files"),
    [
        ("tnef-winmail", "See attached.", ["report.txt"]),
        ("tnef-body-only", "The body inside winmail.dat", ["report.txt"]),
        ("tnef-damaged", "See attached.", ["winmail.dat"]),
    ],
)
def test_winmail_dat_is_unpacked_or_kept(name, text, files):
    mail = corpus.read(name)
    assert (mail.text, [part.name for part in mail.attachments]) == (text, files)


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("smime-opaque", "smime_signed"),
        ("pgp-mime-encrypted", "pgp_encrypted"),
        ("pgp-inline", "pgp_encrypted"),
    ],
)
def test_protected_mail_is_kept_and_flagged(name, flag):
    mail = corpus.read(name)
    assert flag in mail.flags
    assert mail.attachments or mail.text


def test_a_forwarded_message_becomes_an_eml_file_named_after_its_subject():
    mail = corpus.read("forward-as-attachment")
    (part,) = mail.attachments
    assert (part.name, part.content_type) == ("Broken döör.eml", "message/rfc822")
    assert b"does not close" in part.data


def test_flowed_lines_are_joined():
    assert corpus.read("format-flowed").text.startswith(
        "This is one paragraph only.\n\n> quoted too\n-- \nFlo"
    )
    assert corpus.read("format-flowed-delsp").text.strip() == "This is one paragraph only."


def test_a_mail_without_message_id_gets_the_same_one_each_time():
    first, again = corpus.read("no-message-id"), corpus.read("no-message-id")
    assert first.synthetic
    assert first.message_id == again.message_id


def test_a_synthetic_id_ignores_the_way_a_mail_took():
    raw = corpus.raw("no-message-id")
    assert parse(b"Received: by elsewhere\r\n" + raw).message_id == parse(raw).message_id


def test_two_message_ids_count_as_none():
    assert corpus.read("two-message-ids").synthetic


def test_a_date_in_the_future_becomes_now():
    assert corpus.read("future-date").date == corpus.NOW


def test_people_with_commas_in_their_names_stay_whole():
    expected = (
        ("Doe, John", "john@example.org"),
        ("Müller, Eva", "eva@example.org"),
        ("Bare Name", "bare@example.org"),
    )
    assert corpus.read("names-with-commas").to == expected


def test_a_group_without_members_has_no_recipients_and_no_complaint():
    mail = corpus.read("group-recipients")
    assert (mail.to, mail.notes) == ((), ())


def test_plain_and_formatted_stretches_both_reach_the_formatted_body():
    mail = corpus.read("mixed-text-then-alternative")
    assert mail.text == "First words.\n\nMore words."
    assert "First words." in mail.html
    assert "More words." in mail.html


def test_both_cc_fields_count():
    mail = prepare((corpus.HERE / "odd" / "broken-cc.eml").read_bytes())
    assert [address for _, address in mail.cc] == ["bob@example.org", "charles@example.org"]


@pytest.mark.parametrize("name", ["two-from-fields", "two-addresses-in-from"])
def test_m7_more_than_one_author_is_a_problem(name):
    assert "multiple_from" in corpus.read(name).problems


def test_m7_an_address_in_the_display_name_is_only_a_name():
    mail = corpus.read("display-name-address")
    assert (mail.from_name, mail.from_address) == ("agent@acme.example", "eve@evil.example")


def test_m14_an_encoded_line_break_never_reaches_the_subject():
    assert corpus.read("subject-injection").subject == "a Bcc: x@y.example c"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mbox-from-line", "text"),
        ("carriage-returns-only", "text"),
        ("bad-base64", "Hello, world!"),
        ("missing-final-boundary", "The end is missing."),
    ],
)
def test_damaged_structure_still_gives_its_text(name, text):
    assert corpus.read(name).text.strip() == text


def test_uuencoded_files_are_decoded():
    assert corpus.read("uuencoded").attachments[0].data == b"Cat"
