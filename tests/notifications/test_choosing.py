"""Who is told why, by which channel, and whom an @ means."""

from uuid import UUID

import pytest

from app.events import EventKind
from app.notifications.choosing import (
    DEFAULTS,
    Channel,
    Happening,
    Reason,
    channels,
    mentioned,
    strongest,
    who,
)

ANN, BEN, CAT, DAN = (UUID(int=number) for number in range(1, 5))
NAMES = {ANN: "Ann Lee", BEN: "Ben Óg", CAT: "Ann-Marie Lee", DAN: "Ben Smith"}


def test_a_new_ticket_is_told_to_its_queue() -> None:
    happening = Happening(
        EventKind.TICKET_CREATED, queue_members=frozenset({ANN, BEN}), watchers=frozenset({CAT})
    )
    assert who(happening) == {ANN: {Reason.NEW_TICKET}, BEN: {Reason.NEW_TICKET}}


def test_an_answer_goes_to_assignee_and_watchers_not_to_the_queue() -> None:
    happening = Happening(
        EventKind.COMMENT_PUBLIC_BY_REQUESTER,
        assignee=ANN,
        queue_members=frozenset({BEN}),
        watchers=frozenset({CAT}),
    )
    assert set(who(happening)) == {ANN, CAT}


def test_an_answer_on_nobodys_ticket_goes_to_the_queue_and_watchers() -> None:
    happening = Happening(
        EventKind.COMMENT_PUBLIC_BY_REQUESTER, queue_members=frozenset({BEN}), watchers=frozenset({CAT})
    )
    assert set(who(happening)) == {BEN, CAT}


def test_a_note_is_told_to_the_mentioned_and_to_watchers() -> None:
    happening = Happening(
        EventKind.COMMENT_INTERNAL, mentioned=frozenset({ANN}), watchers=frozenset({ANN, BEN}), assignee=CAT
    )
    assert who(happening) == {ANN: {Reason.MENTION, Reason.WATCHED}, BEN: {Reason.WATCHED}}


def test_the_first_message_is_not_told_again_as_a_reply() -> None:
    happening = Happening(EventKind.COMMENT_PUBLIC_BY_AGENT, is_first=True, watchers=frozenset({ANN}))
    assert who(happening) == {}


@pytest.mark.parametrize("kind", [EventKind.EMAIL_BOUNCED, EventKind.EMAIL_FAILED])
def test_undelivered_mail_is_told_to_the_assignee_alone(kind: EventKind) -> None:
    assert who(Happening(kind, assignee=ANN, watchers=frozenset({BEN}))) == {ANN: {Reason.UNDELIVERED}}


@pytest.mark.parametrize(
    "kind", [EventKind.TICKET_TAGGED, EventKind.EMAIL_AUTO_REPLY, EventKind.TICKET_UNASSIGNED]
)
def test_other_events_are_told_to_nobody(kind: EventKind) -> None:
    assert who(Happening(kind, assignee=ANN, watchers=frozenset({BEN}), queue_members=frozenset({CAT}))) == {}


def test_the_strongest_of_several_reasons_is_said() -> None:
    assert strongest({Reason.WATCHED, Reason.MENTION}) is Reason.MENTION


def test_a_channel_is_used_when_any_reason_wants_it() -> None:
    choices = DEFAULTS | {Reason.MENTION: frozenset({Channel.APP}), Reason.WATCHED: frozenset({Channel.MAIL})}
    assert channels(choices, {Reason.MENTION, Reason.WATCHED}) == {Channel.APP, Channel.MAIL}


def test_what_is_not_chosen_is_as_by_default() -> None:
    assert channels({}, {Reason.WATCHED}) == {Channel.APP}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Ann Lee look", {ANN}),
        ("(@ann lee)", {ANN}),
        ("@ANN-MARIE LEE, please", {CAT}),
        ("@Ben", set()),  # two are called Ben
        ("@Ben Óg's idea and @Ben Smith", {BEN, DAN}),
        ("@Ann: thanks", {ANN}),
        ("@Annabel", set()),
        ("write to ann@ann.example or x@Ann Lee", set()),
        ("@@Ann Lee", set()),
        ("@", set()),
        ("", set()),
    ],
)
def test_whom_an_at_sign_means(text: str, expected: set[UUID]) -> None:
    assert mentioned(text, NAMES) == expected


def test_mentions_are_bounded() -> None:
    assert mentioned("@x " * 100_000 + "@Ann Lee", NAMES) == frozenset()
