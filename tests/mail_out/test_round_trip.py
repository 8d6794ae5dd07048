"""The main job, from a requester's mail to their second one on the same ticket, over SMTP both ways."""

from email.message import EmailMessage

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.mail import receive
from app.mail.models import InboundMessage, InboundState
from app.tenancy import acting_for
from app.tickets.conversation import Comment
from app.tickets.models import Ticket
from tests.mail_out.desk import BOB, answer, bodies, read, work

HEADERS = {
    "both": {"reply_to", "in_reply_to"},
    "the address alone": {"reply_to"},
    "the id alone": {"in_reply_to"},
}


def come_in(house, raw: bytes, recipient: str, sender: str = BOB) -> None:
    db.session.rollback()
    receive.accept([recipient], sender, raw)
    db.session.commit()
    work(house)


def first_mail(house) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Bob <{BOB}>", house.address, "Printer burns"
    mail["Message-ID"] = "<first@customer.example>"
    mail.set_content("Help!")
    return mail.as_bytes()


def answer_to(raw: bytes, kept: set[str], words: str = "It worked, thanks.") -> tuple[bytes, str]:
    """Bob's answer as his client would write it, and the recipient it goes to."""
    got = read(raw)
    where = got["Reply-To" if "reply_to" in kept else "From"].addresses[0].addr_spec
    quoted = "".join(f"> {line}\n" for line in got.get_body(("plain",)).get_content().splitlines())
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Bob <{BOB}>", where, "Re: something else"
    mail["Message-ID"] = "<second@customer.example>"
    if "in_reply_to" in kept:
        mail["In-Reply-To"] = str(got["Message-ID"])
    mail.set_content(f"{words}\n\nOn Monday Ada Acme wrote:\n{quoted}")
    return mail.as_bytes(policy=mail.policy.clone(max_line_length=900)), where


def reply_sent(smtp) -> bytes:
    return next(raw for _, _, raw in smtp.taken if read(raw)["Auto-Submitted"] is None)


@pytest.mark.parametrize("kept", HEADERS.values(), ids=HEADERS)
def test_an_answer_to_our_answer_lands_on_the_same_ticket(acme, smtp, kept):
    come_in(acme, first_mail(acme), acme.address)
    answer(acme, db.session.scalars(sa.select(Ticket)).one(), "<p>Use water.</p>")
    work(acme)
    come_in(acme, *answer_to(reply_sent(smtp), kept))
    comments = db.session.scalars(sa.select(Comment).order_by(Comment.created_at)).all()
    assert [comment.text.strip() for comment in comments] == ["Help!", "Use water.", "It worked, thanks."]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Ticket)) == 1


def test_what_we_send_is_not_taken_for_a_new_request_when_it_comes_back(acme, smtp):
    come_in(acme, first_mail(acme), acme.address)
    for _, _, raw in list(smtp.taken):
        come_in(acme, raw, acme.address)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Ticket)) == 1
    assert len(smtp.taken) == 1


def test_two_desks_that_write_to_each_other_stop_by_themselves(world, acme, smtp):
    come_in(acme, first_mail(acme).replace(BOB.encode(), world.globex.address.encode()), acme.address)
    for _ in range(5):
        for _, recipients, raw in list(smtp.taken):
            with acting_for(world.globex.id):
                come_in(acme, raw, recipients[0])
    assert len(smtp.taken) <= 1


def test_an_automatic_answer_to_our_acknowledgement_gets_no_answer(acme, smtp):
    come_in(acme, first_mail(acme), acme.address)
    raw, where = answer_to(smtp.taken[0][2], HEADERS["both"], "I am away")
    come_in(acme, b"Auto-Submitted: auto-replied\r\n" + raw, where)
    assert len(smtp.taken) == 1
    states = db.session.scalars(sa.select(InboundMessage.state)).all()
    assert InboundState.RECEIVED not in states
    assert "I am away" not in bodies(smtp.taken[0][2])
