"""Separating what someone wrote from what they quote."""

import time

import pytest

from app.mail import quotes
from app.mail.parse import parse
from tests.mail import corpus

NEW_WORDS = {
    "reply-gmail-en": "Thanks, that solved it.",
    "reply-gmail-de": "Danke, das hat geholfen.",
    "reply-gmail-fr": "Merci, ça marche à nouveau.",
    "reply-gmail-es": "Gracias, ya funciona.",
    "reply-gmail-it": "Grazie, ora funziona.",
    "reply-gmail-nl": "Bedankt, het werkt weer.",
    "reply-gmail-pt": "Obrigado, já funciona.",
    "reply-gmail-pl": "Dziękuję, już działa.",
    "reply-gmail-sv": "Tack, nu fungerar det.",
    "reply-gmail-da": "Tak, nu virker det.",
    "reply-gmail-nb": "Takk, nå virker det.",
    "reply-gmail-fi": "Kiitos, nyt se toimii.",
    "reply-gmail-cs": "Děkuji, už to funguje.",
    "reply-outlook-web": "Please close it, all is well.",
    "reply-outlook-desktop-en": "The fuser arrived.\n\nOtto",
    "reply-outlook-desktop-de": "Das Ersatzteil ist da.\n\nOtto",
    "reply-outlook-desktop-fr": "La pièce est arrivée.\n\nOtto",
    "reply-outlook-desktop-sv": "Delen har kommit.\n\nOtto",
    "reply-outlook-desktop-cs": "Díl dorazil.\n\nOtto",
    "reply-outlook-desktop-fi": "Osa on saapunut.\n\nOtto",
    "reply-outlook-desktop-pl": "Część dotarła.\n\nOtto",
    "reply-outlook-text-es": "Perfecto, gracias.",
    "reply-outlook-text-it": "Tutto a posto.",
    "reply-apple-mail": "It prints again, hurray.",
    "reply-iphone": "Still broken.\n\nSent from my iPhone",
    "reply-yahoo": "Which Monday?",
    "reply-proton": "I will be in on Monday.\n\nSent with Proton Mail secure email.",
    "reply-thunderbird": "The new fuser is noisy.",
    "reply-qq": "谢谢，问题解决了。",
    "reply-lotus-notes": "We still wait for it.\n\nLena Lotus",
    "reply-own-separator": "Works for me.",
}
KEPT_WHOLE = ["reply-inline-answers", "reply-bottom-posted", "reply-only-quote", "forward-gmail"]


@pytest.mark.parametrize("name", NEW_WORDS)
def test_the_new_words_of_a_reply_are_found(name):
    assert corpus.read(name).reply.text == NEW_WORDS[name]


@pytest.mark.parametrize("name", [*NEW_WORDS, "reply-outlook-mobile"])
def test_no_quoted_words_are_left_in_the_formatted_reply(name):
    assert "error 49. We have ordered" not in corpus.read(name).reply.html


@pytest.mark.parametrize("name", KEPT_WHOLE)
def test_what_may_be_an_answer_is_kept_whole(name):
    mail = corpus.read(name)
    assert (mail.reply.text, mail.reply.removed_ratio) == (mail.text, 0.0)


@pytest.mark.parametrize("name", NEW_WORDS)
def test_a_first_mail_is_never_stripped(name):
    mail = parse(corpus.raw(name))
    reply = quotes.split(mail.text, mail.html, first=True)
    assert (reply.text, reply.html, reply.quoted) == (mail.text, mail.html, "")


def test_a_guess_that_would_remove_nearly_all_keeps_all():
    text = "ok\n\nOn 3 May 2024 Ann <ann@example.org> wrote:\n\n" + "an unmarked line of the old mail\n" * 40
    assert quotes.split(text, "", first=False).text == text


def test_a_short_answer_above_marked_lines_is_still_split():
    text = "ok\n\nOn 3 May 2024 Ann <ann@example.org> wrote:\n" + "> a line of the old mail\n" * 40
    assert quotes.split(text, "", first=False).text == "ok"


def test_prose_that_ends_in_wrote_is_not_a_quotation():
    text = "As the manual\nsays, and on page two someone wrote:\n\npress the green button"
    assert quotes.split(text, "", first=False).text == text


def test_element_to_proof_is_the_writers_own_text():
    html = '<div class="elementToProof">mine</div><div id="divRplyFwdMsg">From: you</div><p>yours</p>'
    assert quotes.split("", html, first=False).html == '<div class="elementToProof">mine</div>'


def test_an_answer_below_a_marked_quotation_keeps_all():
    html = '<blockquote type="cite">old words</blockquote><p>my answer</p>'
    assert quotes.split("", html, first=False).html == html


@pytest.mark.parametrize(
    "text",
    [
        "On x\n" * 3_000,
        "On x\n" * 100_000,
        "On 1 @ x wrote\n" * 33_000,
        "From: x\n" * 60_000,
        "> \n" * 160_000,
        "> a\nb\n" * 80_000,
        "_____\nFrom: x\nTo: y\n\n" * 20_000,
        "On " + "x" * 500_000,
        "-" * 500_000,
    ],
    ids=[
        "15 kB of On x",
        "500 kB of On x",
        "clues",
        "headers",
        "quotes",
        "mixed",
        "blocks",
        "long line",
        "dashes",
    ],
)
def test_m20_a_hostile_text_is_split_within_100_ms(text):
    begun = time.process_time()
    quotes.split(text, "", first=False)
    assert time.process_time() - begun < 0.1
