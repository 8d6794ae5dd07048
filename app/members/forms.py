"""The forms of members and invitations."""

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, SelectField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.auth.fields import email_field, name_field, new_password_field, refuse_common
from app.auth.forms import PlainForm
from app.members.wording import ROLE_WORDS
from app.organisations.models import Membership
from app.policy import RANKS, Actor, Role, may_give
from app.tickets.settings import Queue


class RoleForm(PlainForm):
    """What a member is to be."""

    role = SelectField(_("Role"), coerce=Role, default=Role.STAFF)

    def offer_roles(self, by: Actor) -> "RoleForm":
        """The form with the roles the actor may give, the least first."""
        roles = sorted((role for role in Role if may_give(by, role)), key=RANKS.__getitem__)
        self.role.choices = [SelectChoice(role.value, ROLE_WORDS[role]) for role in roles]
        return self


class QueuesForm(PlainForm):
    """The queues a member is to work."""

    queues = SelectMultipleField(
        _("Queues"),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        validators=[Optional()],
    )

    def offer_queues(self, queues: list[Queue]) -> "QueuesForm":
        """The form with the organisation's queues."""
        self.offered = queues
        self.queues.choices = [SelectChoice(str(queue.id), queue.name) for queue in queues]
        return self

    @property
    def chosen(self) -> list[Queue]:
        return [queue for queue in self.offered if str(queue.id) in (self.queues.data or [])]


class InviteForm(RoleForm, QueuesForm):
    """Whom to invite, and as what."""

    email = email_field(_("Email"))


class EndForm(PlainForm):
    """Who gets the open tickets of somebody who leaves."""

    heir = SelectField(_("Their open tickets go to"), validators=[Optional()])

    def offer_heirs(self, colleagues: list[Membership], nobody: str) -> "EndForm":
        """The form with everybody else."""
        people = [SelectChoice(str(each.id), each.name) for each in colleagues]
        self.heir.choices = [SelectChoice("", nobody), *people]
        return self


class SecondFactorForm(PlainForm):
    """Whether everybody needs one."""

    required = BooleanField(_("Everybody here needs a second factor to sign in"))


class JoinForm(PlainForm):
    """A newcomer who was invited; the address is the invitation's."""

    name = name_field(_("Your name"))
    password = new_password_field(_("Password"))

    def __init__(self, email: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.email = email

    def validate_password(self, field: Any) -> None:
        refuse_common(field.data, self.email, self.name.data or "")
