"""The link in an invitation: who may accept it, and how."""

from flask import Blueprint, make_response, redirect, render_template, request, session
from flask_login import current_user
from werkzeug.wrappers import Response

from app.auth import credentials, half_sessions, passwords, sessions, throttling
from app.auth.models import User
from app.auth.signing_in import find_user
from app.extensions import db
from app.members import inviting
from app.members.forms import JoinForm
from app.members.wording import ROLE_WORDS
from app.organisations.context import inbox_of
from app.organisations.models import Invitation, Organisation
from app.web import public

bp = Blueprint("joining", __name__)


@bp.route("/invitations/<token>", methods=["GET", "POST"])
@public
def accept(token: str) -> Response:
    """A GET changes nothing: scanners follow the links in mails."""
    with inviting.invitation_of(token) as (invitation, organisation):
        if current_user.is_authenticated:
            return _accept_as(current_user, invitation, organisation)
        if find_user(invitation.email):
            return _page("sign_in", invitation, organisation, 403 if request.method == "POST" else 200)
        return _register(invitation, organisation)


def _accept_as(user: User, invitation: Invitation, organisation: Organisation) -> Response:
    if user.email != invitation.email:
        return _page("other", invitation, organisation, 403)
    form = JoinForm(invitation.email)
    del form.name, form.password
    if not form.validate_on_submit():
        return _page("accept", invitation, organisation, form=form)
    inviting.accept(invitation, organisation, user)
    inbox = inbox_of(organisation)
    db.session.commit()
    return redirect(inbox, 303)


def _register(invitation: Invitation, organisation: Organisation) -> Response:
    """A newcomer: the link shows that the mailbox is theirs, the address is the invitation's."""
    form = JoinForm(invitation.email)
    if not form.validate_on_submit():
        return _page("register", invitation, organisation, 422 if form.is_submitted() else 200, form=form)
    throttling.count_sign_in(invitation.email, request.remote_addr or "")
    stored = passwords.hashed(form.password.data or "")
    places = {"time_zone": organisation.time_zone, "locale": organisation.locale}
    user = credentials.add_user(invitation.email, form.name.data or "", stored, **places)
    inviting.accept(invitation, organisation, user)
    inbox = inbox_of(organisation)
    half_sessions.end()
    sessions.start(user)
    session.clear()
    db.session.commit()
    return redirect(inbox, 303)


@bp.errorhandler(credentials.AddressTaken)
def taken(error: credentials.AddressTaken) -> Response:
    """Accepted a moment ago in another window: that one is signed in, this one may do so."""
    db.session.rollback()
    return redirect("/sign-in", 303)


def _page(
    state: str,
    invitation: Invitation,
    organisation: Organisation,
    status: int = 200,
    form: JoinForm | None = None,
) -> Response:
    page = render_template(
        "members/join.html",
        state=state,
        invitation=invitation,
        house=organisation,
        role=ROLE_WORDS[invitation.role],
        form=form,
        here=request.path,
    )
    return make_response(page, status)
