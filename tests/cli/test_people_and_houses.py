"""What operators do from the command line."""

import pytest
import sqlalchemy as sa

from app.auth import passwords
from app.auth.models import User
from app.auth.signing_in import find_user
from app.extensions import db
from app.organisations.models import Organisation, PartnerMembership
from tests.world import PASSWORD

NEW = "eleven tall ships"


def test_a_user_is_made_with_a_password_asked_for_unseen(app, world, run):
    answer = run("user", "create", "Zoe@Example.com", "Zoe", input=f"{NEW}\n{NEW}\n")
    assert answer.exit_code == 0, answer.output
    assert NEW not in answer.output
    with app.app_context():
        assert passwords.matches(find_user("zoe@example.com").password_hash, NEW)


@pytest.mark.parametrize("weak", ["short", "password123", "zoe@example.com", "x" * 129])
def test_a_weak_password_is_refused(app, run, weak):
    answer = run("user", "create", "zoe@example.com", "Zoe", "--password", weak)
    assert answer.exit_code == 1
    with app.app_context():
        assert find_user("zoe@example.com") is None


def test_an_address_has_one_account(world, run):
    answer = run("user", "create", world.acme.staff.email.upper(), "Again", "--password", NEW)
    assert answer.exit_code == 1
    assert "has an account already" in answer.output


def test_a2_a_new_password_ends_every_session(app, world, run, signed_in):
    browser = signed_in(world.acme.staff)
    assert run("user", "reset-password", world.acme.staff.email, "--password", NEW).exit_code == 0
    assert browser.get("/organisations").status_code == 401
    with app.app_context():
        stored = db.session.get_one(User, world.acme.staff.user_id).password_hash
    assert passwords.matches(stored, NEW)
    assert not passwords.matches(stored, PASSWORD)


def test_an_organisation_is_opened_for_a_partner(app, world, run):
    answer = run(
        "organisation", "create", "Third", "--admin", world.acme.admin.email, "--partner", "northwind"
    )
    assert "/o/third/" in answer.output
    with app.app_context():
        third = db.session.scalars(sa.select(Organisation).where(Organisation.slug == "third")).one()
        assert third.partner_id == world.acme.partner_id


@pytest.mark.parametrize("slug", ["acme", "Not A Slug", "x"])
def test_a_slug_that_will_not_do_is_said_in_a_line(world, run, slug):
    answer = run("organisation", "create", "Third", "--admin", world.acme.admin.email, "--slug", slug)
    assert answer.exit_code == 1
    assert "slug" in answer.output
    assert "Traceback" not in answer.output


def test_an_unknown_admin_is_said_with_what_to_do(world, run):
    answer = run("organisation", "create", "Third", "--admin", "nobody@example.com")
    assert "flask user create" in answer.output


def test_organisations_are_listed_with_their_partners(world, run):
    output = run("organisation", "list").output
    assert "acme" in output
    assert "Northwind" in output
    assert "2 in all" in output


def test_a_partner_is_made_with_its_admin(app, world, run):
    answer = run("partner", "create", "Eastgate", "--slug", "eastgate", "--admin", world.acme.staff.email)
    assert answer.exit_code == 0, answer.output
    with app.app_context():
        assert db.session.scalar(
            sa.select(PartnerMembership).where(PartnerMembership.user_id == world.acme.staff.user_id)
        )


def test_a_partners_slug_is_taken_once(world, run):
    answer = run("partner", "create", "Again", "--slug", "northwind", "--admin", world.acme.staff.email)
    assert answer.exit_code == 1
    assert "taken" in answer.output


@pytest.mark.parametrize("command", [["demo", "load"], ["demo", "reset", "--yes"], ["demo", "logins"]])
def test_production_refuses_the_demo(app, monkeypatch, command):
    monkeypatch.setattr("config.Config.is_production", True)
    answer = app.test_cli_runner().invoke(args=command)
    assert answer.exit_code == 1
    assert "production" in answer.output


def test_a_reset_asks_first(app, world):
    answer = app.test_cli_runner().invoke(args=["demo", "reset"], input="n\n")
    assert "EVERYTHING" in answer.output
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Organisation)) == 2
