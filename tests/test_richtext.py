"""Hostile and honest HTML through app.richtext: M15, M16, M17, M21 and the limits of rule 7."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.richtext import linkify, printable, rewrite_cids, sanitise, show_remote, snippet, to_text
from app.richtext.tidy import TAGS
from tests.richtext.judge import judged

XSS = [line for line in (Path(__file__).parent / "richtext/xss.txt").read_text().splitlines() if line]
HOSTILE = {
    "nested divs": "<div>" * 100_000,
    "open angles": "<" * 256_000,
    "unfinished tags": "<a" * 120_000,
    "repeated formatting": "<p>" + "".join(f"<font color={i}>" for i in range(1000)) + "<p>x" * 3900,
    "formatting closed in a cell": "<p>"
    + "<font size=1><table><tr><td></font></table>" * 1000
    + "<p>x" * 900,
    "large attribute repeated": f"<p><font color='{'a' * 200_000}'>" + "<p>x" * 4000,
    "many attributes": "<p " + " ".join(f"a{i}" for i in range(40_000)) + ">",
    "open quotes": "<a x='" * 40_000 + '<a x="' * 20_000,
    "open comments": "<!--" * 60_000,
    "scripts": "<script>" * 30_000,
    "one long style": "<p style='" + "color:red;" * 25_000 + "'>",
    "foster parents": "<table>" * 90 + "x<b>" * 4000,
    "quotes": "<blockquote>x" * 20_000,
    "lists": "<ul><li>x" * 20_000,
    "stray ends": "<td>" + "</p>" * 60_000,
    "addresses": "www." * 30_000 + "http://" * 15_000 + "a@" * 60_000 + "a." * 60_000,
    "blank lines": "\n \n" * 80_000 + " " * 100_000,
    "a data picture": '<img src="data:image/png;base64,' + "A" * 250_000 + '!">',
}


@pytest.mark.parametrize("payload", XSS)
def test_no_attack_survives_sanitising(payload):
    assert judged(sanitise(payload)).faults == []
    assert judged(sanitise(f"<table><tr><td>{payload}</td></tr></table><p>{payload}")).faults == []


@pytest.mark.parametrize("payload", XSS)
def test_plain_text_of_an_attack_is_inert_when_linkified(payload):
    assert judged(linkify(payload)).faults == []
    assert judged(linkify(to_text(payload))).faults == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_size_costs_little_time_and_little_space(name):
    html = HOSTILE[name]
    for work in (sanitise, to_text, linkify):
        began = time.process_time()
        result = work(html)
        assert time.process_time() - began < 1.5
        assert len(result) < 12 * len(html) + 1000


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_size_comes_out_shallow_and_clean(name):
    judge = judged(sanitise(HOSTILE[name]))
    assert judge.faults == []
    assert judge.deepest <= 103


def test_html_beyond_the_limits_comes_back_as_its_text_under_a_note():
    html = sanitise("<div>" * 101 + "the printer <b>burns</b>", note="Shown as text.")
    assert html == "<p><em>Shown as text.</em></p><p>the printer burns</p>"


def test_remote_pictures_are_blocked_and_remember_their_address():
    html = sanitise('<img src="http://e.example/p.gif?a=1&amp;b=2" alt="Logo"><img src="//e.example/x">')
    assert judged(html).fetched == []
    assert 'data-remote-src="http://e.example/p.gif?a=1&amp;b=2"' in html
    assert 'data-remote-src="https://e.example/x"' in html


def test_remote_pictures_stay_when_asked_for():
    assert 'src="https://e.example/x"' in sanitise('<img src="https://e.example/x">', remote_images=True)


def test_a_blocked_picture_can_be_shown_through_a_proxy():
    html = sanitise('<img alt="a" src="https://e.example/x?a=1&amp;b=2">')
    assert show_remote(html, lambda url: "/proxy/" + url[-7:]) == '<img alt="a" src="/proxy/a=1&amp;b=2">'


def test_content_ids_are_rewritten_to_our_addresses_and_unknown_ones_emptied():
    html = sanitise('<img src="cid:a@b" alt="cid:a@b"><img src="cid:z"> src="cid:a@b"')
    assert rewrite_cids(html, {"a@b": "/files/1?x=1&y=2"}) == (
        '<img src="/files/1?x=1&amp;y=2" alt="cid:a@b"><img> src="cid:a@b"'
    )


def test_pictures_of_our_own_become_content_ids():
    html = sanitise('<figure><img src="/o/acme/files/7"></figure>', pictures={"/o/acme/files/7": "7"})
    assert html == '<figure><img src="cid:7"></figure>'


def test_links_open_apart_and_say_nothing_about_us():
    assert sanitise('<a href="https://a.example" target="_top">x</a>') == (
        '<a href="https://a.example" target="_blank" rel="noopener noreferrer nofollow">x</a>'
    )


def test_what_an_editor_writes_survives():
    html = "<h1>A</h1><div>b<br><strong>c</strong> <em>d</em> <del>e</del></div><blockquote>f</blockquote>"
    html += "<pre>g\n  h</pre><ul><li>i<ul><li>j</li></ul></li></ul><ol><li>k</li></ol>"
    assert sanitise(html) == html


def test_a_newsletter_table_keeps_its_shape():
    html = '<table width="600" cellpadding="0"><tbody><tr><td style="padding:8px;color:#333">x</td>'
    assert sanitise(html) == html + "</tr></tbody></table>"


def test_misnested_formatting_loses_no_words():
    assert (
        to_text(sanitise("<b>one<i>two</b>three</i><p>four<div>five</p>six"))
        == "onetwothree\n\nfour\n\nfivesix"
    )


def test_a_stray_end_tag_in_a_cell_does_not_end_the_table():
    assert sanitise("<div><table><tbody><tr><td>a</div>b</td><td>c").count("<td>") == 2


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "\x1b[31mred", "\x85"])
def test_unprintable_characters_never_reach_the_database(text):
    for work in (sanitise, to_text, linkify, printable):
        assert "\x00" not in work(text).encode("utf-8").decode()


def test_plain_text_of_html_keeps_lists_quotes_links_and_lines():
    html = """<h1>Hello</h1><p>One <b>two</b> <a href="https://x.example/a">three</a></p><ul><li>a<li>b
    <ol><li>c<li>d</ol></ul><blockquote>On x wrote:<p>old<blockquote>older</blockquote></blockquote>
    <pre>x\n  y</pre><table><tr><td>a<td>b<tr><td>c</table>end<br><br>bye"""
    assert to_text(html) == (
        "Hello\n\nOne two three <https://x.example/a>\n\n- a\n- b\n  1. c\n  2. d\n\n"
        "> On x wrote:\n>\n> old\n>\n> > older\n\nx\n  y\n\na  b\nc\n\nend\n\nbye"
    )


def test_linkify_parts_paragraphs_and_links_addresses_without_their_full_stop():
    html = linkify("See https://a.example/x_(y).\r\nMail me@b.example!\n\n\n<b>& www.c.example")
    assert html.count("<p>") == 2
    assert '>https://a.example/x_(y)</a>.<br>Mail <a href="mailto:me@b.example"' in html
    assert '&lt;b&gt;&amp; <a href="https://www.c.example"' in html


def test_a_snippet_is_one_line_cut_at_a_word():
    assert snippet("one two\n\nthree four five", 15) == "one two three…"
    assert snippet("short", 15) == "short"
    assert len(snippet("x" * 10_000, 15)) == 15


_ODD = """<script> </script> <svg> <math> <style> </style> <!-- --> <template> <select> <![CDATA[ ]]> < > & '
<img/src=x/onerror=1> <a/href=' <p/title=" &lt;script&gt; text <title> <textarea> <noscript>""".split()
_PIECES = st.sampled_from([f"<{end}{tag}>" for end in ("", "/") for tag in sorted(TAGS)] + [*_ODD, '"', " "])


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES, max_size=60).map("".join))
def test_any_tangle_of_tags_is_clean_and_stays_as_it_is_when_sanitised_again(html):
    once = sanitise(html)
    assert judged(once).faults == []
    assert judged(sanitise(once)).faults == []


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_clean_and_keeps_its_letters(text):
    for work in (sanitise, linkify):
        assert judged(work(text)).faults == []
    letters = [c for c in to_text(linkify(text)) if c.isalnum()]
    assert letters == [c for c in printable(text) if c.isalnum()]
