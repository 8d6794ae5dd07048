"""What every routes.py shares: the permission on each view, load-or-404, paging."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from app.extensions import db
from app.policy import Actor, NotAllowed, Permission, can

PER_PAGE = 50

PUBLIC, SIGNED_IN = "public", "signed in"
Access = Permission | str
T = TypeVar("T")


def _declare(access: Access) -> Callable[[Any], Any]:
    def mark(view: Any) -> Any:
        view.access = access
        return view

    return mark


def allow(permission: Permission) -> Callable[[Any], Any]:
    """Only members of the organisation whose role has the permission."""
    return _declare(permission)


public = _declare(PUBLIC)  # anyone: sign-in, webhooks (which verify themselves), health
signed_in = _declare(SIGNED_IN)  # any user, inside or outside an organisation


def member() -> Actor:
    """The signed-in member of the request's organisation; 404 for anybody else, as if it did not exist."""
    found: Actor | None = g.get("member")
    if found is None:
        abort(404)
    return found


current_member = cast(Actor, LocalProxy(member))


def require(permission: Permission, thing: Any = None) -> None:
    """Raise NotAllowed unless the current member may do this to the thing."""
    if not can(member(), permission, thing):
        raise NotAllowed(permission.value)


def access_of(app: Flask, endpoint: str) -> Access | None:
    """What a view declares, or None where it forgot to."""
    return getattr(app.view_functions[endpoint], "access", None)


def check_access() -> Response | None:
    """Before every view: refuse what it does not allow. A view that declares nothing is refused to everybody."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    access = access_of(current_app, request.endpoint)
    if access == PUBLIC:
        return None
    if not current_user.is_authenticated:
        if request.accept_mimetypes.accept_html:
            return redirect(url_for("auth.sign_in", next=_here()))
        abort(401)
    if access == SIGNED_IN:
        return None
    if not isinstance(access, Permission):
        raise NotAllowed(f"{request.endpoint} declares no access")
    require(access)
    return None


def _here() -> str:
    return request.script_root + request.full_path.rstrip("?") if request.method == "GET" else ""


def load_or_404(select: "sa.Select[T]", *, lock: bool = False) -> T:
    """The one row of the select, locked for change where asked; 404 where it is missing or somebody else's."""
    if lock:
        select = select.with_for_update(of=select.column_descriptions[0]["entity"])
    found = db.session.scalar(select)
    if found is None:
        abort(404)
    return found


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and whether there are more."""

    rows: Sequence[Any]
    number: int
    total: int
    per_page: int = PER_PAGE

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.per_page))

    @property
    def first(self) -> int:
        return (self.number - 1) * self.per_page + 1 if self.rows else 0

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1 if self.rows else 0

    @property
    def has_next(self) -> bool:
        return self.number < self.pages

    @property
    def has_previous(self) -> bool:
        return self.number > 1


def paginate(select: "sa.Select[Any]", count: "sa.Select[Any]", per_page: int = PER_PAGE) -> Page:
    """The page of the select that `?page=` asks for; a page beyond the last is the last."""
    total = db.session.scalar(count) or 0
    asked = request.args.get("page", 1, type=int)
    number = min(max(asked, 1), max(1, -(-total // per_page)))
    rows = db.session.scalars(select.limit(per_page).offset((number - 1) * per_page)).unique().all()
    return Page(rows, number, total, per_page)


def init_app(app: Flask) -> None:
    app.before_request(check_access)
    app.jinja_env.globals["Permission"] = Permission
    app.jinja_env.globals["can"] = lambda permission, thing=None: (
        g.get("member") is not None and can(g.member, permission, thing)
    )
