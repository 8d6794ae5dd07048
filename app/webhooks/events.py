"""Where Mailgun reports what became of mail we sent (Mailgun, "Webhooks"): verified, taken once, applied at once."""

from __future__ import annotations

import json
from typing import Any

import structlog
from flask import Blueprint, current_app, request
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from app.extensions import csrf, db, limiter, now
from app.mail import delivery
from app.mail.models import ProviderReceipt
from app.web import public
from app.webhooks.incoming import is_genuine
from app.webhooks.routes import DONE, LATER, REFUSED

bp = Blueprint("mail_events", __name__, url_prefix="/webhooks")
log = structlog.get_logger()

LARGEST = 1_000_000  # bytes


@bp.post("/mailgun-events")
@public
@csrf.exempt
@limiter.exempt
def mailgun_events() -> tuple[str, int]:
    """Take one event. What is of no use to us is taken too, or Mailgun would send it for eight hours."""
    body = _body()
    signature = body.get("signature")
    signed = signature if isinstance(signature, dict) else {}
    timestamp, token, mac = (str(signed.get(name, "")) for name in ("timestamp", "token", "signature"))
    if not is_genuine(current_app.config["MAILGUN_SIGNING_KEY"], timestamp, token, mac, now()):
        log.warning("mailgun.refused", why="signature")
        return "signature not accepted", REFUSED
    try:
        taken = _claim(token) and delivery.record(body.get("event-data"))
        db.session.commit()
    except DBAPIError as error:
        db.session.rollback()
        log.error("mailgun.later", error=type(error).__name__)
        return "try again later", LATER
    return ("stored" if taken else "of no use, or taken before"), DONE


def _body() -> dict[str, Any]:
    request.max_content_length = LARGEST
    try:
        found = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _claim(token: str) -> bool:
    """Take the signed token, which mail in shares: it covers no body, so it must vouch for one only."""
    claimed = insert(ProviderReceipt).values(provider="mailgun", token=token).on_conflict_do_nothing()
    return db.session.scalar(claimed.returning(ProviderReceipt.token)) is not None
