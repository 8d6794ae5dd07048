"""Step-up: before a sensitive change, whoever sits at the browser shows again that it is theirs."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import abort, flash, g, redirect, request
from flask_babel import gettext as _

from app.auth import passwords, second_factor, throttling
from app.auth.models import User
from app.auth.signing_in import WrongCredentials
from app.extensions import now
from app.headers import safe_next

FRESH = timedelta(minutes=10)


def recently_proved(view: Callable[..., Any]) -> Callable[..., Any]:
    """Put it under `@signed_in` or `@allow(...)`: asks for the password or a code not given within ten minutes.

    A form that was posted too late is not kept: whoever comes back finds it again, empty. So let the page
    that holds the form be proved as well.
    """

    @wraps(view)
    def proved(*args: Any, **kwargs: Any) -> Any:
        if "session" not in g:
            abort(403)  # a token proves nobody's presence
        if is_proved():
            return view(*args, **kwargs)
        if request.method != "GET":
            flash(_("That was a while ago. Please do it once more."), "warning")
        return redirect("/prove?" + urlencode({"next": _back()}))

    return proved


def is_proved() -> bool:
    """Whether the password or a code was given in this session within ten minutes."""
    return bool(g.session.proved_at > now() - FRESH)


def prove(user: User, *, password: str, code: str, address: str) -> None:
    """Take either as proof, and note it on the session. Raises WrongCredentials, WrongCode or Throttled."""
    if code and user.has_second_factor:
        second_factor.check(user, code)
    else:
        throttling.count_sign_in(user.email, address)
        if not passwords.matches(user.password_hash, password):
            raise WrongCredentials
        throttling.forgive(user.email, address)
    g.session.proved_at = now()


def _back() -> str:
    """Where to go afterwards: the same page, or for what can only be posted, the page it was posted from."""
    here = request.script_root + request.full_path.rstrip("?")
    if request.url_rule is not None and "GET" in (request.url_rule.methods or ()):
        return here
    return safe_next(urlsplit(request.referrer or "").path)
