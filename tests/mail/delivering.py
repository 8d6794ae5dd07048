"""Bringing mails to the application as the world does, and asking what became of them."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import time

import sqlalchemy as sa

from app.extensions import db
from app.jobs import run_due
from app.mail import receive, settling
from app.mail.models import InboundMessage
from app.tenancy import acting_for
from app.tickets.conversation import Comment
from app.tickets.models import Ticket

_tokens = itertools.count(1_000)
URL = "/webhooks/mailgun-inbound/mime"
PASSED = "X-Mailgun-Spf: Pass\nX-Mailgun-Dkim-Check-Result: Pass\nDKIM-Signature: v=1; d={domain}; s=x; b=x\n"


def mail(
    author="ann@example.org",
    to="help@mail.example.com",
    subject="Printer broken",
    body="It does not print.",
    *,
    number=None,
    headers="",
    proven=False,
) -> bytes:
    """A small mail. `number` makes its Message-ID; `proven` adds Mailgun's verdicts for its author's domain."""
    number = number if number is not None else next(_tokens)
    domain = author.rpartition("@")[2].rstrip(">")
    proof = PASSED.format(domain=domain) if proven else ""
    text = (
        f"{proof}From: {author}\nTo: {to}\nSubject: {subject}\nMessage-ID: <m{number}@example.org>\n"
        f"Date: Fri, 3 May 2024 10:00:00 +0000\n{headers}Content-Type: text/plain; charset=utf-8\n\n{body}\n"
    )
    return text.replace("\n", "\r\n").encode()


def signed(app, token=None, at=None) -> dict[str, str]:
    """Mailgun's three fields."""
    token = token or f"token-{next(_tokens)}"
    timestamp = str(int(time.time()) if at is None else at)
    key = app.config["MAILGUN_SIGNING_KEY"].encode()
    signature = hmac.new(key, f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"timestamp": timestamp, "token": token, "signature": signature}


def post(app, raw, recipient, **more):
    """Hand a mail to the webhook as Mailgun does."""
    fields = signed(app) | {"recipient": recipient, "sender": "ann@example.org", "body-mime": raw} | more
    return app.test_client().post(URL, data=fields)


def deliver(app, raw, recipient, sender="ann@example.org", provider="mailgun", run=True):
    """Hand a mail in and have everything done that follows."""
    with app.app_context():
        receive.accept([recipient], sender, raw, provider=provider, token=f"t{next(_tokens)}")
        db.session.commit()
        if run:
            run_due()


def run(app):
    """Do everything that is due."""
    with app.app_context():
        run_due()


def messages(app, house):
    """The organisation's inbound messages, oldest first, with what the tests ask of them."""
    with app.app_context(), acting_for(house.id):
        rows = db.session.scalars(sa.select(InboundMessage).order_by(InboundMessage.id)).all()
        for row in rows:
            db.session.expunge(row)
        return rows


def last(app, house):
    """The message that came last."""
    return messages(app, house)[-1]


def tickets(app, house):
    """The organisation's tickets as (number, subject, status, comments beside the first)."""
    with app.app_context(), acting_for(house.id):
        rows = db.session.scalars(sa.select(Ticket).order_by(Ticket.number)).all()
        return [(row.number, row.subject, row.status.category.value, row.comment_count) for row in rows]


def comments(app, house):
    """Every comment as (ticket number, author, internal, text)."""
    with app.app_context(), acting_for(house.id):
        rows = db.session.execute(
            sa.select(Ticket.number, Comment)
            .join(Comment, sa.and_(Comment.tenant_id == Ticket.tenant_id, Comment.ticket_id == Ticket.id))
            .order_by(Comment.created_at, Comment.id)
        ).all()
        return [(number, each.author_name, each.is_internal, each.text) for number, each in rows]


def let_in(app, house, by):
    """Release the mail that came last, and file it."""
    with app.app_context(), acting_for(house.id):
        message = db.session.scalars(sa.select(InboundMessage).order_by(InboundMessage.id.desc())).first()
        settling.release(message, by=by)
        db.session.commit()
    run(app)
