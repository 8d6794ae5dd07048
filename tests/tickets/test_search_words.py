"""What is typed into the search becomes terms; nothing typed is an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tickets.search_snippets import pieces, snippet
from app.tickets.search_words import Term, compose, composed, fold, number_in, parse


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("Printer jam", [Term(("printer",)), Term(("jam",), is_begun=True)]),
        ('"paper jam" ', [Term(("paper", "jam"))]),
        ('"paper ja', [Term(("paper", "ja"), is_begun=True)]),
        ("printer -laser", [Term(("printer",)), Term(("laser",), is_wanted=False)]),
        ('-"paper jam" tray ', [Term(("paper", "jam"), is_wanted=False), Term(("tray",))]),
        ("ben@bar.example ", [Term(("ben", "bar", "example"))]),
        ("KB-1234", [Term(("kb", "1234"), is_begun=True)]),
        ("Zoë Müller ", [Term(("zoe",)), Term(("muller",))]),
        ("x", [Term(("x",))]),
        ("- -- ' \" & | ! : * ( )", []),
        ("\x00\n", []),
    ],
)
def test_words_phrases_and_exclusions_are_told_apart(typed, terms):
    assert parse(typed) == terms


@given(st.text())
def test_folding_keeps_every_character_in_its_place(text):
    text = composed(text)
    assert len(fold(text)) == len(text)


@given(st.text(), st.sets(st.text(min_size=1)))
def test_pieces_put_together_are_the_text_again(text, hits):
    assert "".join(piece.words for piece in pieces(text, hits)) == composed(text)


@given(st.text())
def test_nothing_typed_is_an_error(typed):
    parse(typed)
    number_in(typed)


def test_a_snippet_shows_the_place_with_most_of_the_words():
    text = f"The tray was full. {'Nothing here. ' * 40}Then the paper jammed in the tray again."
    found = snippet(text, {"paper", "jammed", "tray"})
    assert [piece.words for piece in found if piece.is_hit] == ["paper", "jammed", "tray"]
    assert found[0].words == "… "


def test_a_query_of_exclusions_only_looks_for_nothing():
    assert compose(parse("-printer"), ["'printer'"]) is None


def test_a_begun_word_is_found_by_its_stem_too():
    sought = compose(parse("offices"), ["'offic'"])
    assert sought.marked("9c51c0:") == "('9c51c0:offic' | '9c51c0:offices':*)"


@pytest.mark.parametrize(
    ("typed", "number"), [("#12", 12), (" 7 ", 7), ("1234567890", None), ("²", None), ("#", None)]
)
def test_a_number_is_recognised(typed, number):
    assert number_in(typed) == number
