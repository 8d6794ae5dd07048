"""Letters become mails that say just what was meant: M14 and M22, and threading in every client."""

import base64
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail.compose import compose, reference_chain
from app.mail.letter import BadAddress, File, Letter, Person
from app.mail.outlook import answer_index, first_index
from app.mail.wording import answer_subject

ALLOWED = {
    *("From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References"),
    *("Thread-Topic", "Thread-Index", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version"),
    *("Content-Type", "Content-Transfer-Encoding"),
}
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
INJECTIONS = [
    "x\r\nBcc: evil@x.example",
    "x\nBcc: e",
    "x\rBcc: e",
    "x\u2028Bcc: e",
    "x\x85Bcc: e",
    "x\x0bBcc: e",
]
INJECTIONS += [
    "=?utf-8?q?a=0D=0ABcc:_x?=",
    "=?utf-8?b?YQ0KQmNjOiB4?=",
    "a@b.c, d@e.f",
    '"<d@e.f>,',
    "\x00",
    "\ud800",
]
INJECTIONS += [
    "x" * 200_000,
    "Ünï " * 50_000,
    "=?utf-8?q?=?= " * 1000,
    "\r\n\r\n<script>",
    "",
    " ",
    "a;b:c,d",
]


def letter(**changes) -> Letter:
    given = {
        "sender": Person.of("Ana via Support", "support@desk.example"),
        "to": (Person.of("Bob", "bob@a.example"),),
        "subject": "Printer",
        "text": "Hello\n",
        "html": "<p>Hello</p>",
        "message_id": "<wt.1@desk.example>",
        "sent_at": AT,
    }
    return Letter(**(given | changes))


def read(made: Letter):
    return message_from_bytes(compose(made), policy=policy.default)


@pytest.mark.parametrize("words", INJECTIONS)
def test_no_words_can_add_a_header_or_a_recipient(words):
    made = letter(
        subject=words,
        thread_topic=words,
        sender=Person.of(words, "support@desk.example"),
        to=(Person.of(words, "bob@a.example"),),
        reply_to=Person.of(words, "r@desk.example"),
        in_reply_to=words,
        references=(words,),
        thread_index=words,
    )
    mail = read(made)
    assert set(mail.keys()) <= ALLOWED
    assert [a.addr_spec for a in mail["To"].addresses] == ["bob@a.example"]
    assert not any(c in str(value) for value in mail.values() for c in "\r\n\u2028\x85")
    assert len(mail["Subject"]) <= 250


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120))
def test_any_words_in_any_header_leave_the_structure_alone(words):
    made = letter(subject=words, thread_topic=words, to=(Person.of(words, "bob@a.example"),))
    mail = read(made)
    assert set(mail.keys()) <= ALLOWED
    assert [a.addr_spec for a in mail["To"].addresses] == ["bob@a.example"]
    assert all(len(line) <= 998 and line.isascii() for line in compose(made).split(b"\r\n"))


BAD_ADDRESSES = ["", "bob", "bob@", "@a.example", "bob@a", "a b@c.example", "bob@a.example\r\nBcc: x@y.z"]
BAD_ADDRESSES += [
    "bob@a..example",
    '"a,b"@c.example',
    "bob@[127.0.0.1]",
    "a@b@c.example",
    "x" * 65 + "@a.example",
]
BAD_ADDRESSES += [
    "böb@a.example",
    "bob@a.example,eve@b.example",
    "<bob@a.example>",
    "bob@" + "a" * 64 + ".example",
]


@pytest.mark.parametrize(
    "address", [*BAD_ADDRESSES, "a@" + "b." * 200 + "example", "x" * 64_000 + "@a.example"]
)
def test_a_bad_address_is_refused_before_it_is_a_header(address):
    with pytest.raises(BadAddress):
        Person.of("", address)


def test_names_and_domains_beyond_ascii_arrive():
    mail = read(letter(to=(Person.of("Jürgen Groß, 東京", "j@Bücher.example"),), subject="Grüße aus Köln"))
    address = mail["To"].addresses[0]
    assert (address.display_name, address.addr_spec) == ("Jürgen Groß, 東京", "j@xn--bcher-kva.example")
    assert mail["Subject"] == "Grüße aus Köln"


def test_the_mail_is_text_and_html_with_pictures_beside_it_and_files_after():
    files = (
        File("photo.png", "image/png", b"\x89PNG", "pic1@desk.example"),
        File("log.txt", "text/plain", b"\xff\x00"),
    )
    mail = read(
        letter(
            html="<p>Grüße<img src='cid:pic1@desk.example'></p>",
            text="Grüße\n.\nFrom me\n" + "x" * 2000,
            files=files,
        )
    )
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html"),
        *("image/png", "text/plain"),
    ]
    parts = list(mail.walk())
    assert parts[2].get_content().replace("\r\n", "\n") == "Grüße\n.\nFrom me\n" + "x" * 2000 + "\n"
    assert (parts[5]["Content-ID"], parts[5].get_content()) == ("<pic1@desk.example>", b"\x89PNG")
    assert [part.get_filename() for part in mail.iter_attachments()] == ["log.txt"]
    assert parts[6].get_payload(decode=True) == b"\xff\x00"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../../etc/passwd", "text/html"),
        ("a\r\nX: y", "x/y\r\nX: y"),
        ("\u202egnp.exe", "message/rfc822"),
        ("", ""),
    ],
)
def test_a_files_name_and_type_are_harmless(name, kind):
    mail = read(letter(files=(File(name, kind, b"x"),)))
    (part,) = mail.iter_attachments()
    assert set(part.keys()) <= {*ALLOWED, "Content-Disposition"}
    assert part.get_content_maintype() in ("text", "application")
    assert part.get_filename()
    assert not set(part.get_filename()) & set("/\\\r\n\u202e")


def test_long_identifiers_stay_whole():
    long = f"<{'q' * 180}@mail.example>"
    raw = compose(letter(in_reply_to=long, references=(long,)))
    assert f"\r\nIn-Reply-To: {long}\r\nReferences: {long}\r\n".encode() in raw


def test_a_long_chain_keeps_its_first_and_newest_ids_on_one_line():
    ids = [f"<{'r' * 80}{n}@x.example>" for n in range(40)]
    chain = reference_chain(*ids, ids[39], "rubbish", "<a b@c>", None)
    assert chain[0] == ids[0]
    assert chain[1:] == tuple(ids[-len(chain) + 1 :])
    assert len(" ".join(chain)) <= 900


def test_a_notice_says_that_a_machine_wrote_it_and_a_persons_mail_does_not():
    notice, own = read(letter(auto_submitted="auto-replied")), read(letter())
    assert (notice["Auto-Submitted"], notice["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert not {"Auto-Submitted", "Precedence", "X-Auto-Response-Suppress"} & set(own.keys())


def test_a_malformed_message_id_of_our_own_is_a_fault():
    with pytest.raises(ValueError, match="message id"):
        compose(letter(message_id="<a\r\nb@c>"))


def test_the_first_thread_index_is_time_and_guid():
    guid = UUID("c85c39b2-c024-4283-81b1-3c0c5c3fdeb4")
    index = base64.b64decode(first_index(datetime(2015, 2, 12, 13, 22, 43, tzinfo=UTC), guid))
    outlook = int("01d046c6fc06", 16)  # as Outlook 2007 wrote it within that second
    assert 0 <= outlook - int.from_bytes(index[:6], "big") < 10_000_000 >> 16
    assert index[6:] == guid.bytes


def test_an_answer_adds_five_bytes_that_tell_the_time_since():
    first = first_index(AT, UUID(int=7))
    answer = base64.b64decode(answer_index(first, AT + timedelta(hours=1), salt=9) or "")
    assert answer[:22] == base64.b64decode(first)
    elapsed = (int.from_bytes(answer[22:26], "big") << 18) / 10_000_000
    assert 3599 < elapsed < 3602
    assert answer[26] == 9


def test_after_two_years_the_answer_counts_in_coarser_steps():
    answer = base64.b64decode(answer_index(first_index(AT, UUID(int=7)), AT + timedelta(days=730)) or "")
    delta = int.from_bytes(answer[22:26], "big")
    assert delta >> 31 == 1
    assert abs(((delta & 0x7FFFFFFF) << 23) / 10_000_000 - 730 * 86400) < 3


@pytest.mark.parametrize("index", [None, "", "x", "Zm9v", "!" * 40, base64.b64encode(b"x" * 24).decode()])
def test_a_damaged_thread_index_is_not_continued(index):
    assert answer_index(index, AT) is None


def test_a_thread_index_does_not_grow_for_ever():
    index = first_index(AT, UUID(int=7))
    for _ in range(100):
        index = answer_index(index, AT) or ""
    assert len(base64.b64decode(index)) == 22 + 40 * 5


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Printer", "Re: Printer [#7]"),
        ("RE: AW: Re[2]: Printer [#7]", "Re: Printer [#7]"),
        ("WG : Fwd: Printer", "Re: Printer [#7]"),
        ("", "Re: [#7]"),
        ("Reply needed: now", "Re: Reply needed: now [#7]"),
        ("About [#8]", "Re: About [#8] [#7]"),
    ],
)
def test_the_subject_is_the_same_on_every_mail_of_a_ticket(subject, answer):
    assert answer_subject(subject, 7) == answer
    assert answer_subject(answer, 7) == answer


def test_a_huge_subject_keeps_the_number():
    subject = answer_subject("re:" * 60_000 + "x" * 200_000, 123456)
    assert len(subject) <= 250
    assert subject.endswith("[#123456]")
