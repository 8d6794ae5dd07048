"""Mails made to hurt a parser; each function gives the bytes of one."""

from __future__ import annotations

import base64
import io
import zipfile

HEAD = b"From: Eve <eve@evil.example>\r\nTo: help@in.example\r\nMessage-ID: <h@evil.example>\r\nSubject: hostile\r\n"


def plain(body: bytes, headers: bytes = b"") -> bytes:
    return HEAD + headers + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + body


def html(body: bytes) -> bytes:
    return HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + body


def nested(depth: int) -> bytes:
    out = [HEAD]
    for level in range(depth):
        out.append(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level))
    return b"".join(out) + b"Content-Type: text/plain\r\n\r\nthe innermost text\r\n"


def many_parts(count: int) -> bytes:
    head = HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nthe first text\r\n'
    return head + b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * count + b"--b--\r\n"


def encoded_words(count: int) -> bytes:
    return b"Subject: " + b"=?utf-8?q?w=C3=A9?= " * count + b"\r\n" + HEAD[:-18] + b"\r\ntext\r\n"


def alternating_charsets(count: int) -> bytes:
    word = b"=?x-nope?q?" + b"=E9" * 60 + b"?= =?gb2312?b?////////////////////////////////?= "
    return b"Subject: " + word * count + b"\r\n" + HEAD[:-18] + b"\r\ntext\r\n"


def junk_parameters(count: int) -> bytes:
    junk = b"".join(b'; p%d*0*="x"' % number for number in range(count))
    return HEAD + b"Content-Type: text/plain" + junk + b"\r\n\r\ntext\r\n"


def many_headers(count: int) -> bytes:
    junk = b"".join(b"X-Junk-%d: y\r\n" % number for number in range(count))
    return HEAD + junk + b"\r\ntext\r\n"


def long_folding(count: int) -> bytes:
    return HEAD + b"X-Folded: a\r\n" + b" b\r\n" * count + b"\r\ntext\r\n"


def zeros(size: int) -> bytes:
    head = (
        HEAD
        + b"Content-Type: application/octet-stream; name=z.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    return head + base64.encodebytes(b"\0" * size)


def text_zeros(size: int) -> bytes:
    head = HEAD + b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + base64.encodebytes(b"<b>" * (size // 3))


def lookalike_boundaries(size: int) -> bytes:
    head = HEAD + b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n'
    return head + b"--ax\n" * (size // 5)


def one_line_of_boundaries(size: int) -> bytes:
    return HEAD + b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n' + b"--a" * (size // 3)


def same_boundary(depth: int) -> bytes:
    part = b'--b\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    return HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + part * depth


def nested_html(depth: int) -> bytes:
    return html(b"<div>" * depth + b"deep" + b"</div>" * depth)


def unclosed_tags(size: int) -> bytes:
    return html(b"<a '<a \"" * (size // 8))


def attribute_soup(size: int) -> bytes:
    return html(b"<div " + b"a='b' " * (size // 6) + b">text</div>")


def many_recipients(count: int) -> bytes:
    people = b",\r\n ".join(b'"P, %d" <p%d@x.example>' % (number, number) for number in range(count))
    return HEAD + b"Cc: " + people + b"\r\n\r\ntext\r\n"


def huge_subject(size: int) -> bytes:
    return b"Subject: " + b"A" * size + b"\r\n" + HEAD[:-18] + b"\r\ntext\r\n"


def zip_bomb() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 50_000_000)
    head = HEAD + b"Content-Type: application/zip; name=42.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + base64.encodebytes(inner.getvalue())


def tnef_of_objects(count: int) -> bytes:
    blob = b"\x78\x9f\x3e\x22\x01\x00" + b"\x01\x0c\x80\x02\x00\x00\x00\x00\x00\x00\x00" * count
    head = (
        HEAD
        + b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    return head + base64.encodebytes(blob)


BOMBS = {
    "1,000 nested parts": lambda: nested(1_000),
    "20,000 nested parts": lambda: nested(20_000),
    "50,000 parts": lambda: many_parts(50_000),
    "20,000 encoded words": lambda: encoded_words(20_000),
    "charsets alternating in the subject": lambda: alternating_charsets(1_000),
    "30,000 junk parameters": lambda: junk_parameters(30_000),
    "100,000 header fields": lambda: many_headers(100_000),
    "1,000,000 folded lines": lambda: long_folding(1_000_000),
    "25 MB of zeros in base64": lambda: zeros(18_000_000),
    "25 MB of HTML in base64": lambda: text_zeros(18_000_000),
    "25 MB of near boundaries": lambda: lookalike_boundaries(25_000_000),
    "25 MB of boundaries on one line": lambda: one_line_of_boundaries(25_000_000),
    "10,000 parts inside themselves": lambda: same_boundary(10_000),
    "100,000 nested div": lambda: nested_html(100_000),
    "1 MB of unclosed tags": lambda: unclosed_tags(1_000_000),
    "1 MB of attributes": lambda: attribute_soup(1_000_000),
    "20,000 recipients": lambda: many_recipients(20_000),
    "200 kB subject": lambda: huge_subject(200_000),
    "1 MB of 'On x'": lambda: plain(b"On x\n" * 200_000),
    "1 MB of quote marks": lambda: plain(b">" * 1_000_000),
    "1 MB of header words": lambda: plain(b"From: x\n" * 125_000),
    "1 MB of spaces": lambda: plain(b" " * 1_000_000),
    "1 MB of less-than signs": lambda: html(b"<" * 1_000_000),
    "1 MB of comments": lambda: html(b"<!--" * 250_000),
    "zip bomb": zip_bomb,
    "200,000 objects in TNEF": lambda: tnef_of_objects(200_000),
}
