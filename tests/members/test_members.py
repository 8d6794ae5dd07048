"""Settings > Members: roles, queues, leaving, the last admin, and the second factor everybody needs."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from app.auth.models import User
from app.events import Event, EventKind
from app.extensions import db, now
from app.organisations.models import Membership, Organisation
from app.policy import Role
from app.signup import add_member
from app.tenancy import acting_for
from app.tickets.models import Ticket
from app.tickets.settings import QueueMember
from tests.filling import fill
from tests.world import a_user

HTML = {"Accept": "text/html"}


def is_in(browser):
    return browser.get("/organisations", headers=HTML).status_code == 200


def change(browser, person, house, role):
    return browser.post(house.path(f"/settings/members/{person.membership_id}/role"), data={"role": role})


def end(browser, person, house, heir=""):
    return browser.post(house.path(f"/settings/members/{person.membership_id}/end"), data={"heir": heir})


def membership(app, person):
    with app.app_context(), acting_for(person.tenant_id):
        found = db.session.get_one(Membership, (person.tenant_id, person.membership_id))
        return found.role, found.ended_at is not None


def require(app, house):
    with app.app_context():
        db.session.get_one(Organisation, house.id).requires_second_factor = True
        db.session.commit()


def test_the_page_shows_members_roles_and_who_lacks_a_second_factor(world, signed_in):
    page = signed_in(world.acme.admin).get(world.acme.path("/settings/members")).text
    assert world.acme.staff.email in page
    assert page.count("No second factor") == 3
    assert "Nora Northwind" in page
    assert "Release or reject held mail" in page
    assert "Globex" not in page


def test_an_admin_changes_a_role(app, world, signed_in):
    assert change(signed_in(world.acme.admin), world.acme.staff, world.acme, "manager").status_code == 303
    assert membership(app, world.acme.staff) == (Role.MANAGER, False)
    with app.app_context(), acting_for(world.acme.id):
        event = db.session.scalars(sa.select(Event).where(Event.kind == EventKind.MEMBER_ROLE_CHANGED)).one()
        assert event.changes["role"] == ["staff", "manager"]


def test_a2_a_changed_role_ends_the_members_sessions(world, signed_in):
    theirs = signed_in(world.acme.staff)
    change(signed_in(world.acme.admin), world.acme.staff, world.acme, "manager")
    assert not is_in(theirs)


def test_a2_whoever_is_removed_is_out_at_once(app, world, signed_in):
    theirs = signed_in(world.acme.staff)
    assert end(signed_in(world.acme.admin), world.acme.staff, world.acme).status_code == 303
    assert not is_in(theirs)
    assert membership(app, world.acme.staff)[1]


@pytest.mark.parametrize("who", ["staff", "manager"])
def test_a13_nobody_below_an_admin_changes_roles(app, world, signed_in, who):
    person = getattr(world.acme, who)
    assert change(signed_in(person), person, world.acme, "admin").status_code == 403
    assert membership(app, person)[0] is person.role


@pytest.mark.parametrize("role", ["partner_admin", "owner", "", "ADMIN"])
def test_a13_no_other_role_can_be_given(app, world, signed_in, role):
    assert change(signed_in(world.acme.admin), world.acme.staff, world.acme, role).status_code == 422
    assert membership(app, world.acme.staff)[0] is Role.STAFF


@pytest.mark.parametrize("who", ["admin", "partner_admin"])
def test_a13_the_last_admin_stays(app, world, signed_in, who):
    browser = signed_in(getattr(world.acme, who))
    assert change(browser, world.acme.admin, world.acme, "staff").status_code == 409
    assert end(browser, world.acme.admin, world.acme).status_code == 409
    assert membership(app, world.acme.admin) == (Role.ADMIN, False)


@pytest.mark.parametrize("act", ["demote", "end"])
def test_an_admin_who_steps_down_is_led_away(world, signed_in, act):
    browser = signed_in(world.acme.admin)
    change(browser, world.acme.manager, world.acme, "admin")
    own = world.acme.admin
    answer = change(browser, own, world.acme, "staff") if act == "demote" else end(browser, own, world.acme)
    assert (answer.status_code, answer.location) == (303, "/")
    assert is_in(browser)


def test_a13_a_disabled_admin_does_not_count(app, world, signed_in):
    change(signed_in(world.acme.admin), world.acme.manager, world.acme, "admin")
    with app.app_context():
        db.session.get_one(User, world.acme.manager.user_id).disabled_at = now()
        db.session.commit()
    assert end(signed_in(world.acme.admin), world.acme.admin, world.acme).status_code == 409


@pytest.mark.parametrize("act", ["demote", "end"])
def test_a13_two_admins_removing_each_other_at_once_leave_one(app, world, signed_in, act):
    change(signed_in(world.acme.admin), world.acme.manager, world.acme, "admin")
    pairs = [(world.acme.admin, world.acme.manager), (world.acme.manager, world.acme.admin)]
    tries = [(signed_in(by), victim) for by, victim in pairs]

    def one(pair):
        browser, victim = pair
        how = (
            change(browser, victim, world.acme, "staff")
            if act == "demote"
            else end(browser, victim, world.acme)
        )
        return how.status_code

    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(one, tries))
    left = [membership(app, each) == (Role.ADMIN, False) for each in (world.acme.admin, world.acme.manager)]
    assert sorted(left) == [False, True], codes


def test_a13_eight_removals_at_once_leave_an_admin(app, world, signed_in):
    with app.app_context(), acting_for(world.acme.id):
        house = db.session.get_one(Organisation, world.acme.id)
        extra = [add_member(house, a_user(f"Extra {n}"), Role.ADMIN).id for n in range(7)]
        db.session.commit()
    ids = [world.acme.admin.membership_id, *extra]
    browser = signed_in(world.acme.partner_admin)

    def one(membership_id):
        return browser.post(world.acme.path(f"/settings/members/{membership_id}/end")).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(one, ids))
    assert sorted(codes) == [303] * 7 + [409]


def test_the_open_tickets_of_somebody_who_leaves_are_handed_over(app, world, signed_in):
    with app.app_context():
        fill(world.acme)
    heir = world.acme.manager
    browser = signed_in(world.acme.admin)
    assert (
        "open ticket"
        in browser.get(world.acme.path(f"/settings/members/{world.acme.staff.membership_id}/end")).text
    )
    end(browser, world.acme.staff, world.acme, str(heir.membership_id))
    with app.app_context(), acting_for(world.acme.id):
        assert db.session.scalars(sa.select(Ticket.assignee_id)).one() == heir.membership_id


def test_t3_a_foreign_heir_is_refused(app, world, signed_in):
    foreign = str(world.globex.staff.membership_id)
    assert end(signed_in(world.acme.admin), world.acme.staff, world.acme, foreign).status_code == 422
    assert not membership(app, world.acme.staff)[1]


def test_queues_are_changed_in_place(app, world, signed_in):
    path = world.acme.path(f"/settings/members/{world.acme.staff.membership_id}/queues")
    assert signed_in(world.acme.admin).post(path, data={}).status_code == 303
    with app.app_context(), acting_for(world.acme.id):
        works = db.session.scalars(sa.select(QueueMember.membership_id)).all()
        assert world.acme.staff.membership_id not in works


def test_the_number_of_queries_does_not_grow_with_the_members(app, world, signed_in):
    browser, counts = signed_in(world.acme.admin), []
    for extra in (0, 12):
        with app.app_context(), acting_for(world.acme.id):
            house = db.session.get_one(Organisation, world.acme.id)
            for n in range(extra):
                add_member(house, a_user(f"Further {n}"), Role.STAFF)
            db.session.commit()
        counts.append(queries(app, lambda: browser.get(world.acme.path("/settings/members"))))
    assert counts[0] == counts[1]


def queries(app, act):
    seen = []
    with app.app_context():
        engine = db.engine

    def count(*_):
        seen.append(1)

    sa.event.listen(engine, "before_cursor_execute", count)
    try:
        act()
    finally:
        sa.event.remove(engine, "before_cursor_execute", count)
    return len(seen)


def test_a_required_second_factor_comes_before_everything_else(app, world, signed_in):
    require(app, world.acme)
    browser = signed_in(world.acme.staff)
    for path in ("/tickets", "/tickets/new", "/account", "/"):
        assert browser.get(world.acme.path(path), headers=HTML).location == "/account/second-factor?for=acme"
    assert browser.post(world.acme.path("/tickets/bulk"), headers=HTML).location.startswith("/account/second")
    assert browser.get("/account/second-factor?for=acme").status_code == 200


def test_a_required_second_factor_asks_no_more_of_whoever_has_one(app, world, signed_in):
    require(app, world.acme)
    with app.app_context():
        db.session.get_one(User, world.acme.staff.user_id).second_factor_at = now()
        db.session.commit()
    assert signed_in(world.acme.staff).get(world.acme.path("/tickets")).status_code == 200


def test_a_required_second_factor_asks_a_partners_admin_too(app, world, signed_in):
    require(app, world.acme)
    answer = signed_in(world.acme.partner_admin).get(world.acme.path("/settings/members"), headers=HTML)
    assert answer.location == "/account/second-factor?for=acme"


def test_a_required_second_factor_leaves_other_organisations_alone(app, world, signed_in):
    require(app, world.acme)
    assert signed_in(world.globex.staff).get(world.globex.path("/tickets")).status_code == 200


def test_a_program_without_the_second_factor_is_refused(app, world, signed_in):
    require(app, world.acme)
    answer = signed_in(world.acme.staff).get(
        world.acme.path("/tickets"), headers={"Accept": "application/json"}
    )
    assert answer.status_code == 403


def test_an_admin_requires_it(app, world, signed_in):
    path = world.acme.path("/settings/members/second-factor")
    assert signed_in(world.acme.manager).post(path, data={"required": "y"}).status_code == 403
    assert signed_in(world.acme.admin).post(path, data={"required": "y"}).status_code == 303
    with app.app_context():
        assert db.session.get_one(Organisation, world.acme.id).requires_second_factor


def test_two_organisations_in_two_tabs_do_not_disturb_each_other(app, world, signed_in):
    with app.app_context():
        fill(world.acme)
        fill(world.globex)
        with acting_for(world.globex.id):
            user = db.session.get_one(User, world.acme.staff.user_id)
            add_member(db.session.get_one(Organisation, world.globex.id), user, Role.MANAGER)
        db.session.commit()
    browser = signed_in(world.acme.staff)
    for house, other in [(world.acme, world.globex), (world.globex, world.acme)] * 2:
        page = browser.get(house.path("/tickets?status=any")).text
        assert f"A matter of {house.name}" in page
        assert f"A matter of {other.name}" not in page
    listed = browser.get("/organisations").text
    assert "/o/acme/" in listed
    assert "/o/globex/" in listed
