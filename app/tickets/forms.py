"""The forms of tickets. A form about one property carries what its user saw, so that a stale change is noticed."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import get_timezone, gettext
from flask_babel import lazy_gettext as _
from wtforms import DateField, EmailField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from app.auth.fields import LONGEST_EMAIL, check_email, one_line
from app.auth.forms import PlainForm
from app.events import EventKind
from app.tickets.choices import Choice, Choices
from app.tickets.models import Priority, Ticket

LONGEST_SUBJECT = 250
LONGEST_SIGNATURE = 2000
LONGEST_TEXT = 500_000  # characters of HTML; pictures travel beside it

PRIORITIES = (
    (Priority.URGENT.word, _("Urgent")),
    (Priority.HIGH.word, _("High")),
    (Priority.MEDIUM.word, _("Medium")),
    (Priority.LOW.word, _("Low")),
)


def offered(values: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    """Values and their words as a select offers them."""
    return [SelectChoice(value, words) for value, words in values]


class PropertyForm(PlainForm):
    """One property of a ticket: the value wanted, and the one its user saw."""

    column: ClassVar[str]
    kinds: ClassVar[tuple[EventKind, ...]]
    words: ClassVar[Any]
    seen = HiddenField()


class ChoiceForm(PropertyForm):
    """A property that is one of the organisation's own rows."""

    value = SelectField()

    def offer(self, choices: list[Choice], nobody: str | None = None) -> "ChoiceForm":
        """The form with these choices, and one more for none where `nobody` says how it is called."""
        empty = [("", nobody)] if nobody else []
        self.value.choices = offered([*empty, *((str(each.id), each.name) for each in choices)])
        return self

    @property
    def chosen_id(self) -> UUID | None:
        return UUID(self.value.data) if self.value.data else None

    @property
    def chosen_words(self) -> str:
        return next((str(each.label) for each in self.value.choices if each.value == self.value.data), "")


class StatusForm(ChoiceForm):
    column, words, kinds = "status_id", _("Status"), (EventKind.TICKET_STATUS_CHANGED,)


class AssigneeForm(ChoiceForm):
    column, words = "assignee_id", _("Assignee")
    kinds = (EventKind.TICKET_ASSIGNED, EventKind.TICKET_UNASSIGNED)


class QueueForm(ChoiceForm):
    column, words, kinds = "queue_id", _("Queue"), (EventKind.TICKET_QUEUE_CHANGED,)


class PriorityForm(ChoiceForm):
    column, words, kinds = "priority", _("Priority"), (EventKind.TICKET_PRIORITY_CHANGED,)
    value = SelectField(choices=offered(PRIORITIES))

    @property
    def chosen(self) -> Priority:
        return Priority[self.value.data.upper()]


class DueForm(PropertyForm):
    column, words, kinds = "due_at", _("Due date"), (EventKind.TICKET_DUE_CHANGED,)
    value = DateField(validators=[Optional()])

    @property
    def chosen(self) -> datetime | None:
        return end_of_day(self.value.data)

    @property
    def chosen_words(self) -> str:
        return str(self.value.data or gettext("No date"))


def end_of_day(day: date | None) -> datetime | None:
    """The last minute of a day where the reader is, as a moment."""
    zone = get_timezone() or ZoneInfo("UTC")
    return datetime.combine(day, time(23, 59), tzinfo=ZoneInfo(str(zone))) if day else None


class SubjectForm(PropertyForm):
    column, words, kinds = "subject", _("Subject"), (EventKind.TICKET_SUBJECT_CHANGED,)
    value = StringField(validators=[InputRequired(), Length(max=LONGEST_SUBJECT)], filters=[one_line])

    @property
    def chosen_words(self) -> str:
        return self.value.data or ""


class TagForm(PlainForm):
    tag = StringField(validators=[InputRequired(), Length(max=50)], filters=[one_line])


class ParticipantForm(PlainForm):
    email = EmailField(
        validators=[InputRequired(), Length(max=LONGEST_EMAIL), check_email], filters=[one_line]
    )


class WritingForm(PlainForm):
    """What somebody writes: `html` from the editor, or `text` where there is no script."""

    html = HiddenField(validators=[Length(max=LONGEST_TEXT)])
    text = TextAreaField(_("Message"), validators=[Length(max=LONGEST_TEXT)])
    once = HiddenField()  # the id the message will have, so that sent twice it is said once

    @property
    def once_id(self) -> UUID | None:
        try:
            return UUID(self.once.data or "")
        except ValueError:
            return None


class CommentForm(WritingForm):
    """A reply or a note."""

    kind = RadioField(choices=offered([("reply", _("Reply")), ("note", _("Note"))]), default="reply")
    then = HiddenField()
    signature = TextAreaField(_("Signature"), validators=[Length(max=LONGEST_SIGNATURE)])


class NewTicketForm(WritingForm):
    """A ticket that an agent writes for somebody who called or came by."""

    email = EmailField(
        _("Requester’s email address"),
        [InputRequired(_("Say whose ticket this is.")), Length(max=LONGEST_EMAIL), check_email],
        filters=[one_line],
    )
    name = StringField(_("Requester’s name"), [Length(max=200)], filters=[one_line])
    subject = StringField(
        _("Subject"),
        [
            InputRequired(_("Give it a subject, so that everybody finds it again.")),
            Length(max=LONGEST_SUBJECT),
        ],
        filters=[one_line],
    )
    queue = SelectField(_("Queue"))
    assignee = SelectField(_("Assignee"))
    priority = SelectField(_("Priority"), choices=offered(PRIORITIES), default=Priority.MEDIUM.word)
    kind = RadioField(
        _("The message"),
        choices=offered(
            [
                ("mail", _("Mail it to the requester")),
                ("keep", _("Only write it down: they called or came by")),
            ]
        ),
        default="mail",
    )

    def offer(self, choices: Choices) -> "NewTicketForm":
        """The form with what the organisation has."""
        nobody = ("", gettext("Nobody yet"))
        self.queue.choices = offered((str(each.id), each.name) for each in choices.queues)
        self.assignee.choices = offered([nobody, *((str(each.id), each.name) for each in choices.colleagues)])
        return self


def present_words(form: PropertyForm, ticket: Ticket) -> str:
    """What the ticket has now in the form's property, in words."""
    match form.column:
        case "status_id":
            return ticket.status.name
        case "assignee_id":
            return ticket.assignee.name if ticket.assignee else gettext("Nobody")
        case "queue_id":
            return ticket.queue.name
        case "priority":
            return next(str(words) for value, words in PRIORITIES if value == ticket.priority.word)
        case "due_at":
            return str(ticket.due_at.date()) if ticket.due_at else gettext("No date")
    return ticket.subject
