"""The forms of signing in, and what every form of people's accounts shares."""

from typing import Any

from flask import abort, request
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired, Length

from app.auth.passwords import LONGEST

LONGEST_EMAIL = 254  # RFC 5321 4.5.3.1.3, without the angle brackets


class PlainForm(FlaskForm):
    """Reads posted fields and nothing else: no JSON in their place, and no field twice."""

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            return request.form if request.method == "POST" else None

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        single = (field for field in self if not isinstance(field.data, list))
        if any(len(request.form.getlist(field.name)) > 1 for field in single):
            abort(400)
        return super().validate(*args, **kwargs)


class SignInForm(PlainForm):
    """Who signs in."""

    email = EmailField(
        _("Email"),
        [InputRequired(_("Enter your email address.")), Length(max=LONGEST_EMAIL)],
    )
    password = PasswordField(
        _("Password"),
        [InputRequired(_("Enter your password.")), Length(max=LONGEST)],
    )
