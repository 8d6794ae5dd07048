"""The organisation of a request: found in the path before Flask routes it, and entered if the user belongs to it."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from flask import Flask, abort, current_app, g, redirect, request
from flask_login import current_user
from sqlalchemy.orm import lazyload
from werkzeug.wrappers import Response

from app.auth.models import User
from app.extensions import db
from app.organisations.models import Membership, Organisation, PartnerMembership
from app.policy import Actor, ActorKind, Role
from app.tenancy import Acting, Scope, across_tenants, enter
from app.web import PUBLIC, access_of

ENVIRON = "worktrackr.slug"
PREFIX = "/o/"


class Suspended(Exception):
    """The organisation is closed to its members for now. Only they are told: to others it is not there."""

    def __init__(self, organisation: Organisation) -> None:
        super().__init__(organisation.slug)
        self.organisation = organisation


class OrganisationPath:
    """WSGI middleware: moves `/o/<slug>` from the path to SCRIPT_NAME, so that url_for keeps it by itself."""

    def __init__(self, wsgi: Callable[..., Iterable[bytes]]) -> None:
        self.wsgi = wsgi

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(PREFIX):
            slug, _, rest = path.removeprefix(PREFIX).partition("/")
            environ[ENVIRON] = slug
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + PREFIX + slug
            environ["PATH_INFO"] = "/" + rest
        return self.wsgi(environ, start_response)


def enter_organisation() -> Response | None:
    """Before every view: find the organisation, the member, and act for it. A stranger learns nothing: 404."""
    slug = request.environ.get(ENVIRON)
    if slug is None:
        return None
    organisation = db.session.scalar(
        sa.select(Organisation)
        .where(Organisation.slug == slug.lower())
        .options(sa.orm.joinedload(Organisation.partner))
    )
    if organisation is None:
        abort(404)
    g.organisation = organisation
    enter(Acting(organisation.id))
    if not current_user.is_authenticated:
        return None
    found = member_of(organisation, current_user)
    if found is None:
        abort(404)
    if organisation.is_suspended and access_of(current_app, request.endpoint or "") != PUBLIC:
        raise Suspended(organisation)
    g.member = found
    structlog.contextvars.bind_contextvars(tenant=str(organisation.id), user=str(current_user.id))
    return _second_factor_first(organisation)


def _second_factor_first(organisation: Organisation) -> Response | None:
    """Where the organisation asks for a second factor, whoever has none gets to set it up and to nothing else."""
    if not organisation.requires_second_factor or current_user.has_second_factor:
        return None
    if request.endpoint is None or access_of(current_app, request.endpoint) == PUBLIC:
        return None
    if not request.accept_mimetypes.accept_html:
        abort(403)
    return redirect("/account/second-factor?for=" + organisation.slug)


def member_of(organisation: Organisation, user: Any) -> Actor | None:
    """The user as a member of the organisation, through a membership or its partner; None for a stranger."""
    own = sa.and_(
        Membership.tenant_id == organisation.id,
        Membership.user_id == User.id,
        Membership.ended_at.is_(None),
    )
    by_partner = sa.and_(
        PartnerMembership.partner_id == organisation.partner_id, PartnerMembership.user_id == User.id
    )
    membership, partner = db.session.execute(
        sa.select(Membership, PartnerMembership)
        .select_from(User)
        .outerjoin(Membership, own)
        .outerjoin(PartnerMembership, by_partner)
        .where(User.id == user.id)
        .options(lazyload("*"))  # an eager join of what may be missing would lose the row
    ).one()
    if membership is not None:
        return membership.as_actor()
    if partner is None:
        return None
    return Actor(ActorKind.AGENT, organisation.id, user.name, user_id=user.id, role=Role.PARTNER_ADMIN)


def inbox_of(organisation: Organisation) -> str:
    """The path of the organisation's inbox, from anywhere."""
    return f"{PREFIX}{organisation.slug}/tickets"


def organisations_of(user_id: UUID) -> list[Organisation]:
    """Every organisation the user may enter, by name."""
    with across_tenants(Scope.OWN_MEMBERSHIPS, user_id):
        own = list(
            db.session.scalars(
                sa.select(Membership.tenant_id).where(
                    Membership.user_id == user_id, Membership.ended_at.is_(None)
                )
            )
        )
    partners = sa.select(PartnerMembership.partner_id).where(PartnerMembership.user_id == user_id)
    return list(
        db.session.scalars(
            sa.select(Organisation)
            .where(sa.or_(Organisation.id.in_(own), Organisation.partner_id.in_(partners)))
            .order_by(Organisation.name)
        )
    )


def init_app(app: Flask) -> None:
    app.wsgi_app = OrganisationPath(app.wsgi_app)  # type: ignore[method-assign]
    app.before_request(enter_organisation)
