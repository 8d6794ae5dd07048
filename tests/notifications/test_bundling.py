"""Nobody is buried in mail."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.notifications.bundling import CAP_PER_HOUR, Notice, Sent, plan

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def notices(*tickets: int, fold: int | None = None) -> list[Notice]:
    return [
        Notice(UUID(int=100 + number), UUID(int=ticket), UUID(int=fold or 100 + number))
        for number, ticket in enumerate(tickets)
    ]


def test_what_happens_on_one_ticket_is_one_mail() -> None:
    found = plan(notices(1, 1, 2, 1), Sent(), NOW, wants_digest=False)
    assert [len(each.notices) for each in found.mails] == [3, 1]
    assert not any(each.is_digest for each in found.mails)


def test_many_tickets_at_once_are_one_digest() -> None:
    found = plan(notices(1, 2, 3, 4), Sent(), NOW, wants_digest=False)
    assert [each.is_digest for each in found.mails] == [True]


def test_a_bulk_edit_of_two_tickets_is_one_digest() -> None:
    found = plan(notices(1, 2, fold=7), Sent(), NOW, wants_digest=False)
    assert [(each.is_digest, len(each.notices)) for each in found.mails] == [(True, 2)]


def test_who_wants_a_digest_gets_one_even_of_one_ticket() -> None:
    found = plan(notices(1), Sent(mails=99, last_digest_at=NOW), NOW, wants_digest=True)
    assert [each.is_digest for each in found.mails] == [True]


def test_beyond_the_cap_the_rest_becomes_a_digest() -> None:
    found = plan(notices(1, 2, 3), Sent(mails=CAP_PER_HOUR - 1), NOW, wants_digest=False)
    assert [(each.is_digest, len(each.notices)) for each in found.mails] == [(False, 1), (True, 2)]


def test_beyond_the_cap_there_is_one_digest_an_hour() -> None:
    last = NOW - timedelta(minutes=20)
    found = plan(notices(1, 2), Sent(mails=CAP_PER_HOUR, last_digest_at=last), NOW, wants_digest=False)
    assert (found.mails, len(found.waiting), found.until) == ((), 2, last + timedelta(hours=1))


def test_every_notice_is_in_one_mail_or_waits() -> None:
    for count in range(8):
        for mails in range(CAP_PER_HOUR + 2):
            given = notices(*range(1, count + 1))
            found = plan(given, Sent(mails, NOW - timedelta(minutes=5)), NOW, wants_digest=False)
            told = [each for mail in found.mails for each in mail.notices] + list(found.waiting)
            assert sorted(each.id for each in told) == [each.id for each in given]
