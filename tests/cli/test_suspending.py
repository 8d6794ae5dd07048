"""Partners, organisations and users are shown, closed and opened from the command line."""

import pytest

from tests.mail.delivering import deliver, last, mail
from tests.mail.delivering import run as run_jobs


def test_an_organisation_is_shown_with_its_people_and_work(world, run):
    output = run("organisation", "show", "acme").output
    assert "Northwind" in output
    assert world.acme.address in output
    assert "Members" in output


def test_an_organisation_is_suspended_and_opened(app, world, run, signed_in):
    browser = signed_in(world.acme.staff)
    assert run("organisation", "suspend", "acme", "--because", "Unpaid.", "--yes").exit_code == 0
    assert "Unpaid." in browser.get(world.acme.path("/tickets")).text
    deliver(app, mail(to=world.acme.address), world.acme.address)
    assert "suspended" in run("mail", "held").output
    assert run("organisation", "reopen", "acme").exit_code == 0
    run_jobs(app)
    assert last(app, world.acme).state == "ticketed"
    assert browser.get(world.acme.path("/tickets")).status_code == 200


def test_an_organisation_of_a_suspended_partner_is_not_opened_alone(world, run):
    assert run("partner", "suspend", "northwind", "--yes").exit_code == 0
    answer = run("organisation", "reopen", "acme")
    assert answer.exit_code == 1
    assert "flask partner reopen" in answer.output
    assert "partner suspended" in run("organisation", "list").output
    assert "1 organisation(s)" in run("partner", "reopen", "northwind").output


def test_a_partner_is_listed_and_shown(world, run):
    assert "northwind" in run("partner", "list").output
    output = run("partner", "show", "northwind").output
    assert world.acme.partner_admin.email in output
    assert "acme" in output


def test_a_disabled_user_is_out_at_once_until_enabled(world, run, signed_in):
    browser = signed_in(world.acme.staff)
    assert run("user", "disable", world.acme.staff.email, "--yes").exit_code == 0
    assert browser.get(world.acme.path("/tickets")).status_code == 401
    assert "disabled" in run("user", "list", "--find", "ada").output
    assert run("user", "enable", world.acme.staff.email).exit_code == 0
    assert signed_in(world.acme.staff).get(world.acme.path("/tickets")).status_code == 200


def test_members_are_listed_with_their_roles(world, run):
    output = run("user", "list", "--organisation", "acme").output
    assert "manager" in output
    assert world.globex.staff.email not in output


@pytest.mark.parametrize(
    "command",
    [
        ("organisation", "suspend", "acme"),
        ("partner", "suspend", "northwind"),
        ("user", "disable", "ada.acme@example.com"),
        ("jobs", "drop", "--all"),
        ("mail", "reject", "01a20ab8-289f-70aa-a23a-568eef953fd2"),
    ],
)
def test_what_destroys_asks_first(world, run, command):
    answer = run(*command, input="n\n")
    assert answer.exit_code == 1
    assert "Aborted" in answer.output


@pytest.mark.parametrize(
    "command",
    [
        ("organisation", "show", "nobody"),
        ("partner", "show", "nobody"),
        ("user", "enable", "nobody@example.com"),
        ("queue", "set", "acme", "nothing"),
        ("mail", "release", "01a20ab8-289f-70aa-a23a-568eef953fd2"),
        ("jobs", "retry", "01a20ab8-289f-70aa-a23a-568eef953fd2"),
    ],
)
def test_what_is_not_there_is_said_with_what_to_do(world, run, command):
    answer = run(*command)
    assert answer.exit_code == 1
    assert "flask" in answer.output
    assert "Traceback" not in answer.output
