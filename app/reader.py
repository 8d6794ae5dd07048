"""In whose language and time zone a page speaks: those of the person who reads it."""

from typing import Any

from flask import current_app, has_request_context, request
from flask_babel import Babel
from flask_login import current_user


def locale() -> str | None:
    """The language of the signed-in person, else what the browser asks for among those we have."""
    if not has_request_context():
        return None
    known = languages()
    if person := _person():
        return str(person.locale) if person.locale in known else None
    return request.accept_languages.best_match(known)


def time_zone() -> str | None:
    """The time zone of the signed-in person; UTC for strangers and outside a request."""
    person = _person() if has_request_context() else None
    return str(person.time_zone) if person else None


def languages() -> list[str]:
    """The languages there are words in."""
    babel: Babel = current_app.extensions["babel"].instance
    return sorted({str(each) for each in babel.list_translations()})


def _person() -> Any:
    return current_user if current_user.is_authenticated else None
