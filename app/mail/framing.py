"""A mail in a page of its own that can run nothing, for a sandboxed frame: one that came, or one of ours."""

from base64 import b64encode
from email.message import EmailMessage

from flask import Response

from app import richtext
from app.mail.inbound import Inbound

# The mail's own styling is wanted in the frame; scripts, forms and our origin are not.
FRAMED = "default-src 'none'; style-src 'unsafe-inline'; img-src data:{remote}; frame-ancestors 'self'; sandbox {may}"
MAY = "allow-popups allow-popups-to-escape-sandbox"
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def framed(page: str, *, remote: bool = False) -> Response:
    """The page as an answer that can run nothing; `remote` lets pictures of other servers in."""
    response = Response(page, content_type="text/html; charset=utf-8")
    policy = FRAMED.format(remote=" https: http:" if remote else "", may=MAY)
    response.headers["Content-Security-Policy"] = policy
    return response


def body_of(mail: Inbound, *, remote: bool = False) -> str:
    """The sanitised body of a mail that came, its own pictures inside it."""
    pictures = {
        part.content_id: f"data:{part.content_type};base64,{b64encode(part.data).decode()}"
        for part in mail.attachments
        if part.content_id and part.content_type in PICTURES
    }
    html = richtext.rewrite_cids(mail.html or richtext.linkify(mail.text), pictures)
    return richtext.show_remote(html, lambda address: address) if remote else html


def body_as_sent(message: EmailMessage) -> str:
    """The HTML of a mail of ours as its recipient sees it, its pictures inside it."""
    part = message.get_body(("html",))
    html = str(part.get_content()) if part else richtext.linkify(text_as_sent(message))
    for picture in message.walk():
        content_id = str(picture.get("Content-ID", "")).strip("<>")
        if content_id and picture.get_content_maintype() == "image":
            data = b64encode(picture.get_content()).decode()
            html = html.replace(f"cid:{content_id}", f"data:{picture.get_content_type()};base64,{data}")
    return html


def text_as_sent(message: EmailMessage) -> str:
    """The plain text of a mail of ours."""
    part = message.get_body(("plain",))
    return str(part.get_content()) if part else ""
