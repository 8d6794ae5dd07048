"""Who may do what: the table, and every route's answer to every role."""

import pytest

from app import create_app, startup
from app.policy import ROLES, Actor, ActorKind, Permission, Role, can
from app.web import PUBLIC, SIGNED_IN, access_of
from config import Refused
from tests.conftest import settings
from tests.filling import fill
from tests.test_tenancy import EXEMPT, addresses, methods

ROLE_NAMES = [role.value for role in Role]
EVERYBODY = "staff manager admin partner_admin"

# The product's promise, written out once more so that a change to the code's table is a decision.
TABLE = {
    "ticket.read": EVERYBODY,
    "ticket.create": EVERYBODY,
    "ticket.comment": EVERYBODY,
    "ticket.edit": EVERYBODY,
    "team.read": "manager admin partner_admin",
    "contact.edit": EVERYBODY,
    "contact.merge": "manager admin partner_admin",
    "contact.block": "manager admin partner_admin",
    "mail.read": "manager admin partner_admin",
    "mail.release": "manager admin partner_admin",
    "members.manage": "admin partner_admin",
    "settings.manage": "admin partner_admin",
    "branding.manage": "admin partner_admin",
    "billing.manage": "admin partner_admin",
    "partner.manage": "partner_admin",
}


@pytest.mark.parametrize("permission", list(Permission))
def test_the_roles_that_have_a_permission_are_those_of_the_table(permission):
    assert {role.value for role in Role if permission in ROLES[role]} == set(TABLE[permission].split())


def test_each_role_may_all_that_the_one_below_may():
    assert ROLES[Role.STAFF] < ROLES[Role.MANAGER] < ROLES[Role.ADMIN] < ROLES[Role.PARTNER_ADMIN]


@pytest.mark.parametrize("kind", [ActorKind.CONTACT, ActorKind.SYSTEM, ActorKind.WORKFLOW])
def test_nobody_but_members_has_permissions(world, kind):
    assert not any(can(Actor(kind, world.acme.id), permission) for permission in Permission)


def test_no_role_may_anything_to_another_organisations_things(world):
    thing = world.globex.admin.actor
    assert not any(
        can(person.actor, permission, thing)
        for person in world.acme.people.values()
        for permission in Permission
    )


def declared(app):
    return {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint != "static"}


def test_every_view_declares_who_may_open_it(app):
    known = {PUBLIC, SIGNED_IN, *Permission}
    assert {each for each in declared(app) if access_of(app, each) not in known} == set()


def test_the_public_views_are_these_and_no_others(app):
    """Anybody on the Internet reaches these: say here why a new one does not need a sign-in."""
    public = {each for each in declared(app) if access_of(app, each) == PUBLIC}
    assert public <= {
        "auth.sign_in",  # before one is somebody
        "auth.sign_out",  # also for those who are out already
        "auth.code",  # asks for the half session of whoever gave the right password
        "reset.ask",  # before one can sign in
        "reset.choose",  # the link in the mail
        "signup.register",
        "signup.confirm",  # the link in the mail
        "joining.accept",  # the link in the mail
        "files.download",  # the signed link in a mail
        "notifications.off",  # the signed link in a mail
        "health.alive",
        "health.ready",
        "health.metrics",  # asks for the operators' token
        "webhooks.mailgun_inbound",  # signed by Mailgun
        "webhooks.mailgun_inbound_mime",  # signed by Mailgun
        "mail_events.mailgun_events",  # signed by Mailgun
    }, public


def test_a_view_that_declares_nothing_is_refused_to_an_admin(app, world, signed_in):
    app.view_functions["organisations.home"], kept = (
        (lambda: "open"),
        app.view_functions["organisations.home"],
    )
    try:
        assert signed_in(world.acme.admin).get(world.acme.path("/")).status_code == 403
    finally:
        app.view_functions["organisations.home"] = kept


def asked(app, filled):
    """Every view that asks for something: its path with values of its own organisation, its method and access."""
    for rule in app.url_map.iter_rules():
        access = None if rule.endpoint == "static" else access_of(app, rule.endpoint)
        if access in (None, PUBLIC) or rule.endpoint in EXEMPT:
            continue
        for method in methods(rule):
            yield addresses(app, rule, filled)[0][0], method, access


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_each_role_gets_the_answer_of_the_table(app, world, signed_in, role):
    with app.app_context():
        filled = fill(world.acme)
    browser = signed_in(getattr(world.acme, role))
    for path, method, access in asked(app, filled):
        answer = browser.open(world.acme.path(path), method=method, buffered=True)
        allowed = access == SIGNED_IN or role in TABLE[access].split()
        assert (answer.status_code == 403) == (not allowed), (role, method, path, answer.status_code)
        assert answer.status_code < 500, (method, path)
        assert "/sign-in" not in (answer.location or ""), (method, path)


def test_anonymous_is_sent_to_sign_in_from_everywhere(app, world, client):
    with app.app_context():
        filled = fill(world.acme)
    for path, method, _ in asked(app, filled):
        answer = client.open(world.acme.path(path), method=method, headers={"Accept": "text/html"})
        assert answer.status_code == 302, (method, path)
        assert "/sign-in" in answer.location
        onward = answer.location.replace("%2F", "/").partition("next=")[2]
        assert onward == (f"/o/acme{path}" if method == "GET" else ""), answer.location


def test_an_anonymous_program_gets_401(world, client):
    answer = client.get(world.acme.path("/tickets"), headers={"Accept": "application/json"})
    assert answer.status_code == 401


@pytest.mark.parametrize("attribute", ["SUPERUSER", "BYPASSRLS"])
def test_start_up_refuses_a_role_that_row_level_security_does_not_bind(servers, test_settings, attribute):
    role = f"unbound_{attribute.lower()}"
    servers.postgresql.sql(f"CREATE ROLE {role} LOGIN {attribute}")
    app = create_app(settings(servers.postgresql.url(role=role), test_settings.redis_url))
    with pytest.raises(Refused, match="row-level security"):
        startup.check_database(app)


def test_start_up_takes_the_applications_own_role(app):
    startup.check_database(app)
