"""Reading the mails that people were sent about their accounts."""

import json
import re

import sqlalchemy as sa

from app.auth.sealing import unseal
from app.extensions import db
from app.mail.models import OutboundKind, OutboundMessage
from app.tenancy import acting_for


def account_mails(app, house):
    """The queued mails of an organisation about accounts, oldest first, as (to, subject, text)."""
    with app.app_context(), acting_for(house.id):
        rows = db.session.scalars(
            sa.select(OutboundMessage)
            .where(OutboundMessage.kind == OutboundKind.ACCOUNT)
            .order_by(OutboundMessage.id)
        ).all()
        return [
            (row.to[0][1], row.subject, json.loads(unseal(row.sealed, "mail"))[0] if row.sealed else "")
            for row in rows
        ]


def link_in(text):
    """The path of the first link in a mail."""
    return re.search(r"http://localhost(/\S+)", text).group(1)


def last_link(app, house):
    """The path of the link in the mail queued last."""
    return link_in(account_mails(app, house)[-1][2])
