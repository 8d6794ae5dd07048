"""What an agent's answer looks like when it leaves, and what never leaves (T17, M26)."""

import re
from io import BytesIO

import pytest
import sqlalchemy as sa
from PIL import Image

from app.extensions import db
from app.jobs import Lane
from app.mail import addresses, enclosing, ours
from app.mail.models import OutboundState
from app.tickets.settings import Mailbox
from tests.mail_out.desk import (
    BOB,
    File,
    answer,
    arrive,
    bodies,
    copy_to,
    later_on,
    outbound,
    read,
    whisper,
    work,
)


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (9, 9), "red").save(out, "PNG")
    return out.getvalue()


def replies(smtp) -> list[bytes]:
    return [raw for _, _, raw in smtp.taken if read(raw)["Auto-Submitted"] is None]


def test_a_reply_goes_to_the_requester_with_participants_in_copy(acme, smtp):
    ticket = arrive(acme)
    copy_to(acme, ticket, "eve@customer.example", "sys@mail.example.com")
    answer(acme, ticket)
    work(acme)
    (raw,) = replies(smtp)
    mail = read(raw)
    assert str(mail["To"]) == f"Bob Buyer <{BOB}>"
    assert str(mail["Cc"]) == "eve@customer.example"
    assert str(mail["From"]) == f"Ada Acme via Acme Support <{acme.address}>"
    assert mail["Subject"] == f"Re: Printer burns [#{ticket.number}]"


def test_the_answer_to_a_reply_finds_its_ticket_by_address_and_by_message_id(acme, smtp):
    ticket = arrive(acme)
    answer(acme, ticket)
    work(acme)
    mail = read(replies(smtp)[0])
    tag = addresses.read_reply_tag(mail["Reply-To"].addresses[0].addr_spec)
    assert tag is not None
    assert tag.number == ticket.number
    assert addresses.is_reply_mac(ours.signing_key(), acme.id, ticket.id, tag.mac)
    claimed = addresses.read_message_id(mail["Message-ID"])
    assert claimed is not None
    assert claimed.ticket == ticket.id
    assert addresses.is_message_id(ours.signing_key(), acme.id, claimed)


def test_a_reply_continues_the_requesters_thread_in_every_client(acme, smtp):
    index = "AdBGxvwGyFw5ssAkQoOBsTwMXD/etA=="
    ticket = arrive(acme, more=f"Thread-Index: {index}\r\n")
    answer(acme, ticket, "<p>one</p>")
    work(acme)
    answer(acme, ticket, "<p>two</p>")
    work(acme)
    first, second = (read(raw) for raw in replies(smtp))
    theirs = f"<{ticket.number}@customer.example>"
    assert first["In-Reply-To"] == second["In-Reply-To"] == theirs
    assert str(second["References"]).split()[0] == theirs
    assert first["Message-ID"] in second["References"]
    assert first["Thread-Topic"] == "Printer burns"
    assert first["Thread-Index"][:28] == index[:28]


def test_a_reply_quotes_public_messages_and_never_an_internal_note(acme, smtp):
    ticket = arrive(acme)
    whisper(acme, ticket, "HUSH the customer is behind with payments")
    answer(acme, ticket, "<p>First answer</p>")
    whisper(acme, ticket, "HUSH again")
    answer(acme, ticket, "<p>Second answer</p>")
    work(acme)
    everything = "".join(bodies(raw) for _, _, raw in smtp.taken)
    assert "HUSH" not in everything
    assert len(replies(smtp)) == 2
    last = bodies(replies(smtp)[-1])
    assert last.index("Second answer") < last.index("First answer") < last.index("The printer burns.")


def test_an_internal_note_is_not_mailed_even_by_a_stray_row(acme, smtp):
    ticket = arrive(acme)
    comment = answer(acme, ticket)
    db.session.execute(sa.text("UPDATE comments SET is_internal = true WHERE id = :id"), {"id": comment.id})
    db.session.commit()
    work(acme)
    assert replies(smtp) == []
    assert [row.state for row in outbound()] in ([], [OutboundState.FAILED])


def test_words_come_as_text_and_html_above_the_line_they_are_answered_by(acme, smtp):
    answer(acme, arrive(acme), "<p>Grüße &amp; <b>water</b></p><script>x</script>")
    work(acme)
    mail = read(replies(smtp)[0])
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert text.startswith("##- Please reply above this line -##\r\n\r\nGrüße & water\r\n")
    assert "<b>water</b>" in html
    assert "<script" not in html
    assert 'style="' in html


def test_a_picture_is_inline_and_other_files_are_attached(acme, smtp):
    shown = File("plan.png", "image/png", picture(), content_id="pic-1", is_inline=True)
    answer(
        acme, arrive(acme), '<p>See</p><img src="cid:pic-1">', a=shown, b=File("a.txt", "text/plain", b"hi")
    )
    work(acme)
    mail = read(replies(smtp)[0])
    image = next(part for part in mail.walk() if part.get_content_type() == "image/png")
    assert f"cid:{image['Content-ID'].strip('<>')}" in mail.get_body(("html",)).get_content()
    assert image.get_content() == picture()
    assert [part.get_filename() for part in mail.iter_attachments()] == ["a.txt"]


def test_a_file_too_large_for_a_mail_becomes_a_signed_link(acme, smtp, client, monkeypatch):
    monkeypatch.setattr(enclosing, "LARGEST_MAIL", 10)
    answer(
        acme,
        arrive(acme),
        a=File("big.bin", "text/html", b"<script>" * 20),
        b=File("s.txt", "text/plain", b"x"),
    )
    work(acme)
    raw = replies(smtp)[0]
    assert [part.get_filename() for part in read(raw).iter_attachments()] == ["s.txt"]
    link = re.search(r"http://localhost(/files/\S+)", bodies(raw))
    got = client.get(link[1])
    assert got.data == b"<script>" * 20
    assert got.headers["Content-Disposition"] == "attachment; filename=big.bin"
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    got.close()


@pytest.mark.parametrize("change", ["cut", "flip", "other organisation", "internal"])
def test_a_changed_link_opens_nothing(acme, world, client, change):
    ticket = arrive(acme)
    comment = answer(acme, ticket, a=File("a.txt", "text/plain", b"x"))
    from app.mail.file_links import _signer, file_url

    token = file_url(comment.attachments[0]).rpartition("/")[2]
    if change == "internal":
        db.session.execute(sa.text("UPDATE comments SET is_internal = true"))
        db.session.commit()
    changed = {
        "cut": token[:-3],
        "flip": token[:10] + ("A" if token[10] != "A" else "B") + token[11:],
        "other organisation": _signer().dumps([world.globex.id.hex, comment.attachments[0].id.hex]),
        "internal": token,
    }[change]
    assert client.get(f"/files/{changed}").status_code == 404


def test_m26_an_address_at_a_domain_that_is_not_ours_is_never_written_from(acme, smtp):
    db.session.execute(sa.update(Mailbox).values(address="ceo@gmail.com"))
    db.session.commit()
    answer(acme, arrive(acme))
    work(acme)
    (row,) = outbound()
    assert (row.state, row.reason) == (OutboundState.FAILED, "the queue has no address to write from")
    assert smtp.taken == []


def test_m26_a_sender_that_became_foreign_meanwhile_is_refused(acme, smtp):
    answer(acme, arrive(acme))
    work(acme, Lane.INTERACTIVE)
    db.session.execute(sa.update(Mailbox).values(address="ceo@gmail.com"))
    db.session.commit()
    work(acme)
    (row,) = outbound()
    assert (row.state, row.reason) == (OutboundState.FAILED, "gmail.com is not a domain we may write from")
    assert smtp.taken == []


def test_a_requester_without_a_reachable_address_is_said_at_once(acme, smtp):
    ticket = arrive(acme, sender="bob@mail.example.com")
    answer(acme, ticket)
    work(acme)
    (row,) = outbound()
    assert (row.state, row.reason) == (OutboundState.FAILED, "no address to write to")


def test_a_hostile_name_changes_nothing_but_the_name(acme, smtp):
    ticket = arrive(acme)
    hostile = "x\r\nBcc: evil@x.example, <y@z.example>\u2028=?utf-8?q?a=0D=0ABcc:_b?="
    ticket.requester.name = hostile
    db.session.commit()
    answer(acme, ticket)
    work(acme)
    assert {recipients for _, recipients, _ in smtp.taken} == {(BOB,)}
    assert not any(read(raw)["Bcc"] for raw in replies(smtp))


def test_a_late_retry_is_the_same_mail(acme, smtp):
    smtp.data_answers = ["250 ok", "451 later"]
    answer(acme, arrive(acme))
    work(acme)
    later_on(acme)
    work(acme)
    assert set(smtp.counts.values()) == {1}
    assert [row.state for row in outbound()] == [OutboundState.SENT]
