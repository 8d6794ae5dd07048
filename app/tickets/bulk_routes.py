"""Changing many tickets of a list at once, and saying what was done and what was not."""

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import Length

from app.auth.forms import PlainForm
from app.extensions import db, now
from app.headers import safe_next
from app.policy import Permission
from app.tickets import bulk
from app.tickets.changing import TAG_LENGTH, tag_name
from app.tickets.choices import Choices
from app.tickets.finding import choices, colleague, queue, status
from app.tickets.forms import PRIORITIES, offered, one_line
from app.tickets.listing import NOBODY
from app.tickets.models import Priority
from app.tickets.settings import StatusCategory
from app.web import allow, current_member

bp = Blueprint("bulk", __name__)

NAMED = 5  # tickets left alone that the summary names with their reasons


class BulkForm(PlainForm):
    """What to change; an empty field leaves what is there."""

    act = SelectField(choices=["apply", "resolve", "assign_me"], default="apply")
    seen_at = HiddenField()
    back = HiddenField()
    status = SelectField(_("Status"), default="")
    assignee = SelectField(_("Assignee"), default="")
    queue = SelectField(_("Queue"), default="")
    priority = SelectField(_("Priority"), default="")
    tag = StringField(_("Add a tag"), [Length(max=TAG_LENGTH)], filters=[one_line, tag_name])
    untag = SelectField(_("Remove a tag"), default="")

    def offer(self, choices: Choices) -> "BulkForm":
        """The form with what the organisation has."""
        people = [(str(each.id), each.name) for each in choices.colleagues]
        self.status.choices = offered([("", _("Status")), *((str(s.id), s.name) for s in choices.statuses)])
        self.assignee.choices = offered([("", _("Assignee")), (NOBODY, _("Nobody")), *people])
        self.queue.choices = offered([("", _("Queue")), *((str(q.id), q.name) for q in choices.queues)])
        self.priority.choices = offered([("", _("Priority")), *PRIORITIES])
        self.untag.choices = offered([("", _("Remove a tag")), *((t.name, t.name) for t in choices.tags)])
        return self

    @property
    def seen(self) -> datetime:
        """When the list was read; a form that does not say has just been."""
        try:
            moment = datetime.fromisoformat(self.seen_at.data or "")
        except ValueError:
            return now()
        return moment if moment.tzinfo else now()


@bp.post("/tickets/bulk")
@allow(Permission.TICKET_EDIT)
def change() -> Response:
    form = BulkForm().offer(choices())
    if not form.validate_on_submit():
        abort(422)
    numbers = [int(each) for each in request.form.getlist("number") if each.isdecimal() and len(each) < 10]
    steps = _steps(form)
    if not numbers or not steps:
        flash(_("Choose tickets, and what to change.") if steps else _("Choose what to change."), "warning")
    else:
        outcome = bulk.change_all(numbers, steps, by=current_member, seen_at=form.seen)
        db.session.commit()
        flash(summary(outcome), "warning" if outcome.left else "success")
    return redirect(safe_next(form.back.data, url_for("tickets.index")), 303)


def bulk_form() -> BulkForm:
    """The bar under a list."""
    return BulkForm(formdata=None).offer(choices())


def summary(outcome: bulk.Outcome) -> str:
    """What was done and what was not: "38 tickets changed · 2 left: #12 (Ana changed ...), #99 (not found)"."""
    parts = [ngettext("%(num)d ticket changed", "%(num)d tickets changed", len(outcome.changed))]
    if outcome.already:
        parts.append(ngettext("%(num)d was so already", "%(num)d were so already", len(outcome.already)))
    if outcome.left:
        named = [f"#{number} ({why})" for number, why in sorted(outcome.left.items())[:NAMED]]
        more = len(outcome.left) - len(named)
        named += [ngettext("%(num)d more", "%(num)d more", more)] if more else []
        parts.append(gettext("%(num)d left: %(which)s", num=len(outcome.left), which=", ".join(named)))
    return " · ".join(parts)


def _steps(form: BulkForm) -> list[bulk.Step]:
    """What the form asks of every ticket, each value loaded once."""
    if form.act.data != "apply":
        return [_quick(form.act.data)]
    steps = []
    if form.status.data:
        steps.append(bulk.to_status(status(form.status.data)))
    if form.assignee.data:
        steps.append(
            bulk.to_assignee(None if form.assignee.data == NOBODY else colleague(form.assignee.data))
        )
    if form.queue.data:
        steps.append(bulk.to_queue(queue(form.queue.data)))
    if form.priority.data:
        steps.append(bulk.to_priority(Priority[form.priority.data.upper()]))
    if form.tag.data:
        steps.append(bulk.with_tag(form.tag.data))
    if form.untag.data:
        steps.append(bulk.without_tag(form.untag.data))
    return steps


def _quick(act: str) -> bulk.Step:
    """The two that are one press: resolve, and take for oneself."""
    if act == "resolve":
        resolved = choices().status_in(StatusCategory.RESOLVED)
        return bulk.to_status(status(resolved.id if resolved else None))
    if not current_member.membership_id:
        abort(422)
    return bulk.to_assignee(colleague(current_member.membership_id))


@bp.app_context_processor
def for_templates() -> dict[str, Any]:
    """The bar's form, for the lists that show it."""
    return {"bulk_form": bulk_form}
