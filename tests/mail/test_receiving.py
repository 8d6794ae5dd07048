"""What becomes of a mail: who may answer, who is held, and what is never a ticket."""

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.mail import ours, receive
from app.mail.models import InboundMessage
from app.tenancy import acting_for
from app.tickets import changing
from app.tickets.conversation import Comment
from app.tickets.models import Ticket
from app.tickets.settings import Mailbox, StatusCategory
from tests.mail import delivering
from tests.mail.delivering import comments, deliver, last, let_in, mail, messages, tickets


@pytest.fixture
def opened(app, world):
    """Acme's ticket 1, opened by Ann's mail with Bob in copy."""
    deliver(app, mail(number=1, headers="Cc: Bob <bob@example.net>\n"), world.acme.address)
    return world.acme


def reply_address(app, house, number=1):
    """Where answers to a ticket go."""
    with app.app_context(), acting_for(house.id):
        ticket = db.session.scalars(sa.select(Ticket).where(Ticket.number == number)).one()
        return ours.reply_address(db.session.scalars(sa.select(Mailbox)).one(), ticket)


def people(app, house, number=1):
    """The addresses in copy on a ticket."""
    with app.app_context(), acting_for(house.id):
        ticket = db.session.scalars(sa.select(Ticket).where(Ticket.number == number)).one()
        return {each.contact.email for each in changing.participants(ticket)}


def state(app, house):
    message = last(app, house)
    return message.state.value, message.reason


ANSWER = "In-Reply-To: <m1@example.org>\n"


def test_a_first_mail_opens_a_ticket_with_those_in_copy(app, opened):
    assert tickets(app, opened) == [(1, "Printer broken", "new", 0)]
    assert people(app, opened) == {"bob@example.net"}
    assert last(app, opened).comment_id


def test_an_answer_by_reference_is_added(app, opened):
    deliver(app, mail(body="Still broken.", headers=ANSWER), opened.address)
    assert tickets(app, opened) == [(1, "Printer broken", "new", 1)]
    assert comments(app, opened)[-1][2:] == (False, "Still broken.")


def test_somebody_in_copy_may_answer(app, opened):
    deliver(app, mail("bob@example.net", headers=ANSWER), opened.address)
    assert state(app, opened) == ("threaded", "")


def test_the_reply_address_finds_the_ticket_without_any_header(app, opened):
    deliver(app, mail(subject="something else"), reply_address(app, opened).upper())
    assert last(app, opened).findings["matched_by"] == "reply_address"
    assert tickets(app, opened)[0][3] == 1


def test_our_own_message_id_finds_the_ticket(app, opened):
    with app.app_context(), acting_for(opened.id):
        ticket = db.session.scalars(sa.select(Ticket)).one()
        name = ours.message_id(ticket, ticket.id)
    deliver(app, mail(headers=f"References: <x@y.example> {name}\n"), opened.address)
    assert last(app, opened).findings["matched_by"] == "our_message_id"


def test_an_answer_reopens_a_closed_ticket(app, world, opened):
    with app.app_context(), acting_for(opened.id):
        ticket = db.session.scalars(sa.select(Ticket)).one()
        changing.move_to_category(ticket, StatusCategory.CLOSED, by=world.acme.staff.actor)
        db.session.commit()
    deliver(app, mail(headers=ANSWER), opened.address)
    assert tickets(app, opened)[0][2] == "open"


def test_the_quoted_part_of_an_answer_is_kept_apart(app, opened):
    body = "Works now.\n\nOn 3 May 2024 Acme <a@b.example> wrote:\n> Try again"
    deliver(app, mail(body=body, headers=ANSWER), opened.address)
    with app.app_context(), acting_for(opened.id):
        comment = db.session.scalars(sa.select(Comment).where(~Comment.is_first)).one()
        assert comment.text == "Works now."
        assert "Try again" in comment.quoted_html


def test_a_first_mail_keeps_what_it_quotes(app, world):
    deliver(
        app, mail(body="See:\n\nOn 3 May 2024 Acme <a@b.example> wrote:\n> Try again"), world.acme.address
    )
    assert "Try again" in comments(app, world.acme)[0][3]


def test_a_subject_token_counts_for_participants_only(app, opened):
    deliver(app, mail(subject="Re: Printer broken [#1]"), opened.address)
    assert state(app, opened) == ("threaded", "")
    deliver(app, mail("eve@evil.example", subject="Re: Printer broken [#1]"), opened.address)
    assert state(app, opened) == ("ticketed", "")
    assert len(tickets(app, opened)) == 2


@pytest.mark.parametrize("way", ["reference", "reply address"])
def test_a_strangers_answer_is_held_and_shown_to_nobody(app, opened, way):
    raw = mail("eve@evil.example", headers=ANSWER if way == "reference" else "")
    deliver(app, raw, opened.address if way == "reference" else reply_address(app, opened))
    assert state(app, opened) == ("held", "not_a_participant")
    assert tickets(app, opened)[0][3] == 0
    assert people(app, opened) == {"bob@example.net"}


def test_a_released_mail_is_added_and_its_author_joins(app, world, opened):
    deliver(app, mail("eve@example.net", headers=ANSWER), opened.address)
    let_in(app, opened, world.acme.manager.actor)
    assert state(app, opened) == ("threaded", "")
    assert people(app, opened) == {"bob@example.net", "eve@example.net"}


def test_m5_a_spoofed_colleague_never_answers_as_one(app, world, opened):
    for recipient in (opened.address, reply_address(app, opened)):
        deliver(app, mail(world.acme.staff.email, headers=ANSWER), recipient)
        assert state(app, opened) == ("held", "agent_not_proven")
    assert tickets(app, opened)[0][3] == 0


def test_m5_a_proven_colleague_without_the_signed_address_is_held(app, world, opened):
    deliver(app, mail(world.acme.staff.email, headers=ANSWER, proven=True), opened.address)
    assert state(app, opened) == ("held", "agent_not_proven")


def test_m5_verdicts_that_the_sender_wrote_prove_nothing(app, world, opened):
    forged = "Authentication-Results: mx.example; dmarc=pass header.from=example.com\n"
    raw = mail(world.acme.staff.email, headers=ANSWER + forged, proven=True)
    deliver(app, raw, reply_address(app, opened), provider=None)
    assert state(app, opened) == ("held", "agent_not_proven")


def test_a_proven_colleague_answers_as_themselves(app, world, opened):
    raw = mail(world.acme.staff.email, body="We are on it.", proven=True)
    deliver(app, raw, reply_address(app, opened), sender=world.acme.staff.email)
    assert comments(app, opened)[-1][1:] == (world.acme.staff.name, False, "We are on it.")
    assert tickets(app, opened)[0][2] == "open"


def test_m6_an_unproven_participant_brings_nobody_in(app, opened):
    deliver(app, mail(headers=ANSWER + "Cc: eve@evil.example\n"), opened.address)
    assert state(app, opened) == ("threaded", "")
    assert people(app, opened) == {"bob@example.net"}


def test_m6_a_proven_participant_brings_others_in(app, opened):
    deliver(app, mail(headers=ANSWER + "Cc: carl@example.net\n", proven=True), opened.address)
    assert people(app, opened) == {"bob@example.net", "carl@example.net"}


def test_m7_a_mail_of_two_authors_is_held(app, world):
    deliver(app, mail("ann@example.org, eve@evil.example"), world.acme.address)
    assert state(app, world.acme) == ("held", "multiple_from")


def test_m7_reply_to_and_display_names_are_no_identity(app, opened):
    raw = mail('"ann@example.org" <eve@evil.example>', headers=ANSWER + "Reply-To: ann@example.org\n")
    deliver(app, raw, opened.address)
    assert state(app, opened) == ("held", "not_a_participant")


@pytest.mark.parametrize("tag", ["1", "TKT-0001", "r1", "r1.aaaaaaaaaaaaaaaa", "r99.aaaaaaaaaaaaaaaa"])
def test_m8_a_guessed_reply_address_opens_a_new_ticket(app, opened, tag):
    local, _, domain = opened.address.partition("@")
    deliver(app, mail("eve@evil.example"), f"{local}+{tag}@{domain}")
    assert state(app, opened) == ("ticketed", "")
    assert tickets(app, opened)[0][3] == 0


def test_m8_another_tickets_signature_does_not_serve(app, opened):
    deliver(app, mail(), opened.address)
    second = reply_address(app, opened, 2)
    deliver(app, mail(subject="forged"), second.replace("+r2.", "+r1."))
    assert [count for *_, count in tickets(app, opened)] == [0, 0, 0]


def test_m8_a_reply_address_of_another_organisation_says_nothing_here(app, world, opened):
    tag = reply_address(app, opened).partition("+")[2].partition("@")[0]
    local, _, domain = world.globex.address.partition("@")
    deliver(app, mail(subject="hello"), f"{local}+{tag}@{domain}")
    assert [row[1] for row in tickets(app, world.globex)] == ["hello"]
    assert tickets(app, opened)[0][3] == 0


def test_m9_message_ids_of_one_organisation_mean_nothing_in_another(app, world, opened):
    deliver(app, mail(headers=ANSWER), world.globex.address)
    deliver(app, mail(number=1), world.globex.address)
    assert [message.state.value for message in messages(app, world.globex)] == ["ticketed", "threaded"]
    assert tickets(app, opened)[0][3] == 0


def test_the_same_mail_twice_is_one_ticket_and_one_row_that_says_so(app, opened):
    deliver(app, mail(number=1), opened.address)
    assert state(app, opened)[0] == "duplicate"
    assert last(app, opened).ticket_id == messages(app, opened)[0].ticket_id
    assert len(tickets(app, opened)) == 1


def test_a_strangers_mail_with_a_known_message_id_is_no_duplicate(app, opened):
    deliver(app, mail("eve@evil.example", number=1), opened.address)
    assert state(app, opened)[0] != "duplicate"


def test_a_mail_that_only_expects_another_cannot_draw_it_in(app, world):
    deliver(app, mail("eve@evil.example", headers="References: <m777@example.org>\n"), world.acme.address)
    deliver(app, mail(number=777), world.acme.address)
    assert len(tickets(app, world.acme)) == 2


def test_too_many_tickets_of_one_sender_are_held_not_lost(app, world, monkeypatch):
    monkeypatch.setattr("app.mail.deciding.MAX_TICKETS_AN_HOUR", 2)
    for _ in range(3):
        deliver(app, mail(), world.acme.address)
    assert state(app, world.acme) == ("held", "too_many_from_sender")
    deliver(app, mail("bob@example.net"), world.acme.address)
    assert state(app, world.acme) == ("ticketed", "")


def test_an_empty_subject_gets_words(app, world):
    deliver(app, mail(subject=""), world.acme.address)
    assert tickets(app, world.acme)[0][1] == "(no subject)"


def test_an_unreadable_mail_is_held_with_its_bytes(app, world, monkeypatch):
    monkeypatch.setattr("app.mail.sandbox._sandbox.wall", 0.0)
    raw = mail()
    deliver(app, raw, world.acme.address)
    assert state(app, world.acme) == ("held", "unreadable: too_slow")
    assert last(app, world.acme).subject == "Printer broken"
    with app.app_context(), acting_for(world.acme.id):
        assert db.session.scalars(sa.select(InboundMessage.raw)).one() == raw


def test_a_job_that_fails_at_every_attempt_holds_its_mail(app, world):
    deliver(app, mail(), world.acme.address, run=False)
    with app.app_context(), acting_for(world.acme.id):
        receive.give_up(str(messages(app, world.acme)[0].id))
        db.session.commit()
    assert state(app, world.acme) == ("held", "our_error")


def test_m25_an_address_is_matched_exactly_but_for_case_and_tag(app, world):
    local, _, domain = world.acme.address.partition("@")
    deliver(app, mail(), f"{local.upper()}+urgent@{domain.upper()}")
    assert len(tickets(app, world.acme)) == 1
    for wrong in (
        f"x{local}@{domain}",
        f"{local}@sub.{domain}",
        f"{local}@{domain}.evil.example",
        f"%@{domain}",
    ):
        assert delivering.post(app, mail(), wrong).status_code == 406


def test_a_mail_to_two_addresses_of_one_organisation_is_one_ticket(app, world):
    both = f"{world.acme.address},{world.acme.address.replace('@', '+x@')}"
    assert delivering.post(app, mail(), both).status_code == 200
    delivering.run(app)
    assert len(tickets(app, world.acme)) == 1
