"""Addresses in mails: on the installation's own base URL, whatever host somebody asked with; and the signed way out."""

import hashlib
from uuid import UUID

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from app.organisations.models import Organisation

OFF = "/notices/off/"


def base_url() -> str:
    """Where people reach the application, without a slash at the end."""
    return str(current_app.config["APP_BASE_URL"]).rstrip("/")


def page_url(organisation: Organisation, path: str) -> str:
    """The absolute address of an organisation's page."""
    return f"{base_url()}/o/{organisation.slug}{path}"


def off_url(tenant_id: UUID, membership_id: UUID) -> str:
    """Where a member stops notices by mail without signing in. It does not expire: nor do mails."""
    return f"{base_url()}{OFF}{_signer().dumps([tenant_id.hex, membership_id.hex])}"


def read_token(token: str) -> tuple[UUID, UUID] | None:
    """Organisation and membership of a token that we signed; None for any other."""
    try:
        tenant, membership = _signer().loads(token)
        return UUID(hex=tenant), UUID(hex=membership)
    except (BadData, ValueError, TypeError, AttributeError):
        return None


def _signer() -> URLSafeSerializer:
    secret = current_app.config["SECRET_KEY"]
    return URLSafeSerializer(secret, salt="notices-off", signer_kwargs={"digest_method": hashlib.sha256})
