"""Where providers call us. Each view verifies its caller itself; what it stores is read later, by a job."""

from __future__ import annotations

import json
import re

import structlog
from flask import Blueprint, current_app, request
from sqlalchemy.exc import DBAPIError

from app.extensions import csrf, db, limiter, now
from app.mail.receive import UnknownRecipient, accept
from app.web import public
from app.webhooks.fields import Form, read_form
from app.webhooks.incoming import is_genuine
from app.webhooks.rebuilding import File, rebuild

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")
log = structlog.get_logger()

# What Mailgun understands: done; never try again; try again later.
DONE, REFUSED, LATER = 200, 406, 503


@bp.post("/mailgun-inbound")
@bp.post("/mailgun-inbound/mime", endpoint="mailgun_inbound_mime")
@public
@csrf.exempt
@limiter.exempt
def mailgun_inbound() -> tuple[str, int]:
    """Take a mail from Mailgun, parsed into fields or whole, which it sends to addresses ending in `mime`."""
    form = read_form(request)
    key, token = current_app.config["MAILGUN_SIGNING_KEY"], form.text("token")
    if not is_genuine(key, form.text("timestamp"), token, form.text("signature"), now()):
        log.warning("mailgun.refused", why="signature")
        return "signature not accepted", REFUSED
    try:
        accepted = accept(_recipients(form), form.text("sender"), _raw(form), provider="mailgun", token=token)
        db.session.commit()
    except UnknownRecipient:
        log.warning("mailgun.refused", why="recipient")
        return "unknown recipient", REFUSED
    except DBAPIError as error:
        db.session.rollback()
        log.error("mailgun.later", error=type(error).__name__)
        return "try again later", LATER
    return ("taken before" if accepted.is_duplicate else "stored"), DONE


def _recipients(form: Form) -> list[str]:
    return [each for each in re.split(r"[,\s]+", form.text("recipient")) if each]


def _raw(form: Form) -> bytes:
    """The mail as it came, or made again of its fields."""
    if "body-mime" in form.fields:
        return form.fields["body-mime"]
    for file in form.files:
        if file.field == "body-mime":
            return file.data
    headers = form.text("message-headers") or json.dumps(_headers_of_fields(form))
    return rebuild(headers, form.text("body-plain"), form.text("body-html"), _files(form))


def _headers_of_fields(form: Form) -> list[list[str]]:
    """The few headers that Mailgun also sends as fields."""
    names = ("From", "To", "Cc", "Subject", "Date", "Message-Id", "In-Reply-To", "References")
    return [[name, form.text(name)] for name in names if name in form.fields]


def _files(form: Form) -> list[File]:
    identifiers = _content_ids(form)
    return [
        File(file.name, file.content_type, identifiers.get(file.field, ""), file.data) for file in form.files
    ]


def _content_ids(form: Form) -> dict[str, str]:
    """Mailgun's content-id-map the other way round: field name to content id."""
    try:
        found = json.loads(form.text("content-id-map") or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {field: identifier for identifier, field in found.items() if isinstance(field, str)}
