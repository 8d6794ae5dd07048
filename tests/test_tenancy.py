"""No organisation ever sees or changes another's rows: held by every route and by every job.

New routes and jobs are covered without anyone remembering: what this file does not know how to ask for fails, and
says what to add here. The tables are walked by tests/test_tables.py.
"""

import inspect
import re
from uuid import uuid4

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.jobs import registry
from app.policy import ROLES, Role
from app.tenancy import acting_for
from app.tickets.conversation import Attachment
from app.tickets.models import Ticket
from app.web import PUBLIC, SIGNED_IN, access_of
from tests.filling import fingerprint

# What a foreigner fills in for a route's parameter: something that the other organisation has. An endpoint's
# own entry comes before its parameter's.
SAMPLES = {
    "number": lambda foreign: foreign.number,
    "membership_id": lambda foreign: foreign.house.staff.membership_id,
    "invitation_id": lambda foreign: foreign.invitation_id,
    "session_id": lambda foreign: foreign.session_id,
    "user_id": lambda foreign: foreign.house.staff.user_id,
    "attachment_id": lambda foreign: foreign.attachment_id,
    "message_id": lambda foreign: foreign.inbound_id,
    "mailbox_id": lambda foreign: foreign.mailbox_id,
    "outbound_id": lambda foreign: foreign.outbound_id,
    "comment_id": lambda foreign: foreign.comment_id,
    "contact_id": lambda foreign: foreign.contact_id,
    "notification_id": lambda foreign: foreign.notification_id,
}
MISSING = {int: 987654, str: "nothing-of-this-name"}
# Routes whose parameter is itself the right to see, or names nothing of an organisation, and why.
EXEMPT = {
    "static": "the same files for everybody",
    "signup.confirm": "the token is the right; there is no organisation yet",
    "joining.accept": "the token is the right; it carries the organisation",
    "reset.choose": "the token is the right; it is a user's, who belongs to many",
    "security.confirm_address": "the token is the right; it is a user's, who belongs to many",
    "notifications.off": "the signed token is the right: it carries organisation and membership",
    "files.download": "the signed token is the right: it carries organisation and file",
    "sink.show": "development only: the mails of the whole installation",
    "sink.body": "development only: the mails of the whole installation",
}


def rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.arguments and rule.endpoint not in EXEMPT]


def methods(rule):
    return sorted(rule.methods - {"HEAD", "OPTIONS"})


def plain(answer, *values):
    """The answer without what differs from one answer to the next, and without what was asked for."""
    text = re.sub(r'(nonce|content|value|data-reference)="[^"]*"', "", answer.text)
    text = re.sub(r"quote [0-9a-f-]+", "", text)
    for value in values:
        text = text.replace(str(value), "X")
    return answer.status_code, text


def addresses(app, rule, foreign):
    """The rule's path with the other organisation's values, and with values nobody has."""
    adapter = app.url_map.bind("localhost")
    asked, missing = {}, {}
    for name in rule.arguments:
        sample = SAMPLES.get(f"{rule.endpoint}:{name}") or SAMPLES.get(name)
        assert sample, f"{rule.endpoint} has a parameter {name!r}: say in SAMPLES what a foreigner would try"
        asked[name] = sample(foreign)
        missing[name] = MISSING.get(type(asked[name])) or uuid4()
    return [(adapter.build(rule.endpoint, values), values.values()) for values in (asked, missing)]


@pytest.mark.parametrize("role", ["staff", "manager", "admin", "partner_admin"])
def test_t1_t2_t5_a_foreign_id_is_answered_like_a_missing_one(app, world, filled, signed_in, role):
    browser = signed_in(getattr(world.globex, role))
    with app.app_context():
        before = [fingerprint(house) for house in world.houses]
    for rule in rules(app):
        (asked, values), (missing, nothing) = addresses(app, rule, filled[0])
        for method in methods(rule):
            foreign = browser.open(world.globex.path(asked), method=method)
            absent = browser.open(world.globex.path(missing), method=method)
            allowed = access_of(app, rule.endpoint) in ROLES[Role(role)] | {SIGNED_IN}
            assert foreign.status_code == (404 if allowed else 403), (method, rule)
            assert plain(foreign, *values) == plain(absent, *nothing), (method, rule)
    with app.app_context():
        assert [fingerprint(house) for house in world.houses] == before


@pytest.mark.parametrize("role", ["staff", "manager", "admin", "partner_admin"])
def test_t14_an_organisation_is_not_there_for_those_of_another(app, world, filled, signed_in, role):
    browser = signed_in(getattr(world.globex, role))
    with app.app_context():
        before = fingerprint(world.acme)
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static" or access_of(app, rule.endpoint) == PUBLIC:
            continue
        path = (
            addresses(app, rule, filled[0])[0][0] if rule.arguments and rule.endpoint not in EXEMPT else None
        )
        path = path or re.sub(r"<[^>]*>", "x", rule.rule)
        for method in methods(rule):
            theirs = browser.open(world.acme.path(path), method=method)
            nobodys = browser.open(f"/o/nobody{path}", method=method)
            assert theirs.status_code == 404, (method, rule)
            assert plain(theirs, "acme") == plain(nobodys, "nobody"), (method, rule)
    with app.app_context():
        assert fingerprint(world.acme) == before


def test_t14_no_header_or_parameter_changes_the_organisation(world, filled, signed_in):
    browser = signed_in(world.globex.admin)
    tricks = {
        "X-Org-Id": str(world.acme.id),
        "X-Tenant-Id": str(world.acme.id),
        "X-Forwarded-Prefix": "/o/acme",
    }
    answer = browser.get(world.globex.path("/tickets?orgId=acme&tenant_id=acme&status=any"), headers=tricks)
    assert "A matter of Globex" in answer.text
    assert "Acme" not in answer.text


def test_t14_a_member_who_left_is_out_with_the_next_request(app, world, filled, signed_in):
    browser = signed_in(world.acme.staff)
    assert browser.get(world.acme.path("/tickets")).status_code == 200
    with app.app_context(), acting_for(world.acme.id):
        db.session.execute(sa.text("UPDATE memberships SET ended_at = now()"))
        db.session.commit()
    assert browser.get(world.acme.path("/tickets")).status_code == 404


@pytest.mark.parametrize(
    "query", ["q=secret", "q=Acme", "q=rita@acme.example", "tag=tag+of+acme", "status=any"]
)
def test_t7_t8_a_search_finds_nothing_of_others(world, filled, signed_in, query):
    answer = signed_in(world.globex.admin).get(world.globex.path(f"/tickets?{query}"))
    assert "A matter of Acme" not in answer.text
    assert "a secret of Acme" not in answer.text


@pytest.mark.parametrize(
    ("path", "field", "named"),
    [
        ("/tickets/1/status", "value", "status_id"),
        ("/tickets/1/queue", "value", "queue_id"),
        ("/tickets/1/assignee", "value", "membership_id"),
    ],
)
def test_t3_a_foreign_id_in_a_form_is_refused(app, world, filled, signed_in, path, field, named):
    acme, globex = filled
    foreign = acme.house.staff.membership_id if named == "membership_id" else getattr(acme, named)
    seen = globex.house.staff.membership_id if named == "membership_id" else getattr(globex, named)
    browser = signed_in(world.globex.admin)
    with app.app_context():
        before = fingerprint(world.globex)
    answer = browser.post(world.globex.path(path), data={field: foreign, "seen": seen})
    assert answer.status_code in (404, 422)
    with app.app_context():
        assert fingerprint(world.globex) == before


def test_t3_a_new_ticket_cannot_go_into_a_foreign_queue(app, world, filled, signed_in):
    form = {
        "queue": filled[0].queue_id,
        "email": "x@example.com",
        "subject": "x",
        "text": "x",
        "priority": "low",
    }
    answer = signed_in(world.globex.admin).post(world.globex.path("/tickets/new"), data=form)
    assert answer.status_code == 422


def test_t4_a_bulk_change_passes_by_foreign_numbers(app, world, filled, signed_in):
    with app.app_context():
        before = fingerprint(world.acme)
    data = {"number": [filled[0].number], "act": "resolve"}
    signed_in(world.globex.admin).post(world.globex.path("/tickets/bulk"), data=data)
    with app.app_context():
        assert fingerprint(world.acme) == before


@pytest.mark.parametrize("whose", ["another organisation's", "a colleague's"])
def test_t6_a_foreign_draft_is_not_attached(app, world, filled, signed_in, whose):
    draft = filled[0].draft_id if whose == "another organisation's" else filled[1].draft_id
    browser = signed_in(world.globex.staff)
    browser.post(world.globex.path("/tickets/1/comments"), data={"text": "look", "attachment": str(draft)})
    with app.app_context():
        for own in filled:
            with acting_for(own.house.id):
                mine = db.session.get(Attachment, (own.house.id, own.draft_id))
                assert mine.comment_id is None


def test_t6_a_draft_is_seen_by_whoever_uploaded_it_only(world, filled, signed_in):
    path = world.globex.path(f"/attachments/{filled[1].draft_id}")
    assert signed_in(world.globex.admin).get(path, buffered=True).status_code == 200
    for other in (world.globex.staff, world.globex.manager, world.globex.partner_admin):
        assert signed_in(other).get(path).status_code == 404


# Jobs

# What a job's argument is for the organisation it is not meant for.
ARGUMENTS = {
    "receive:message_id": lambda foreign: str(foreign.inbound_id),
    "send:message_id": lambda foreign: str(foreign.outbound_id),
    "contact_id": lambda foreign: str(foreign.contact_id),
    "membership_id": lambda foreign: str(foreign.house.staff.membership_id),
    "check_id": lambda foreign: str(foreign.check_id),
    "event_id": lambda foreign: str(foreign.event_id),
    "storage_key": lambda foreign: foreign.storage_key,
}


@pytest.mark.parametrize("name", sorted(registry))
def test_a_job_run_for_a_foreign_id_does_nothing(app, world, filled, name):
    work, arguments = registry[name], []
    for parameter in inspect.signature(work.fn).parameters:
        sample = ARGUMENTS.get(f"{work.fn.__name__}:{parameter}") or ARGUMENTS.get(parameter)
        assert sample, f"{name} has an argument {parameter!r}: say in ARGUMENTS what is foreign"
        arguments.append(sample(filled[0]))
    with app.app_context():
        before = [fingerprint(house) for house in world.houses]
        with acting_for(world.globex.id):
            work.fn(*arguments)
        db.session.commit()
        assert [fingerprint(house) for house in world.houses] == before
        with app.extensions["storage"].open(filled[0].storage_key) as kept:
            assert kept.read(4) == b"\x89PNG"


def test_rows_of_one_organisation_leave_the_session_with_it(app, filled, world):
    with app.app_context():
        with acting_for(world.acme.id):
            ticket = db.session.scalars(sa.select(Ticket)).first()
        with acting_for(world.globex.id):
            assert ticket not in db.session
            assert db.session.get(Ticket, (world.acme.id, ticket.id)) is None


def test_t13_a_request_that_fails_leaves_no_organisation_behind(app, world, filled, signed_in):
    browser = signed_in(world.acme.staff)
    browser.get(world.acme.path("/tickets/987654"))
    browser.post(world.acme.path("/tickets/1/status"), data={"value": "no id", "seen": "x"})
    with app.app_context(), pytest.raises(sa.exc.DBAPIError):
        db.session.scalars(sa.select(Ticket)).all()
