"""The forms of signing in, and what every form of people's accounts shares."""

from typing import Any

from flask import abort, request
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app.auth.fields import LONGEST_EMAIL
from app.auth.passwords import LONGEST


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


class CodeForm(PlainForm):
    """A code of the second factor, or one of the recovery codes."""

    code = StringField(_("Code"), [InputRequired(_("Enter the code.")), Length(max=60)])


class ProveForm(PlainForm):
    """The password, or a code instead of it."""

    password = PasswordField(_("Password"), [Length(max=LONGEST)])
    code = StringField(_("Code from your app"), [Length(max=60)])
