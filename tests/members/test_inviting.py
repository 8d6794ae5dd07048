"""Invitations: mailed, bound to one address, one organisation and one row, and good once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.auth.models import User
from app.extensions import db, now
from app.organisations.models import Invitation, Membership
from app.policy import Role
from app.tenancy import acting_for
from app.tickets.settings import QueueMember
from tests.account.post import account_mails, last_link
from tests.world import PASSWORD, a_user

INA = "ina@new.example"
JOIN = {"name": "Ina New", "password": "seven herons over the weir"}
INVITE = "/settings/members/invite"


def invite(browser, house, email=INA, role="staff", **more):
    return browser.post(house.path(INVITE), data={"email": email, "role": role, **more})


@pytest.fixture
def link(app, world, signed_in):
    """The path of the link mailed to Ina."""
    invite(signed_in(world.acme.admin), world.acme, queues=str(world.acme.queue_id))
    return last_link(app, world.acme)


def membership_of(app, house, email):
    with app.app_context(), acting_for(house.id):
        return db.session.execute(
            sa.select(Membership.role, Membership.ended_at)
            .join(User, User.id == Membership.user_id)
            .where(User.email == email)
        ).one_or_none()


def invitation(app, house, **values):
    with app.app_context(), acting_for(house.id):
        if values:
            db.session.execute(sa.update(Invitation).values(**values))
            db.session.commit()
        return db.session.scalars(sa.select(Invitation)).one().id


def existing(app, name="Ina New", email=INA):
    with app.app_context():
        user = a_user(name)
        user.email = email
        db.session.commit()


def sign_in(browser, email=INA):
    browser.post("/sign-in", data={"email": email, "password": PASSWORD})
    return browser


def test_a_newcomer_registers_with_the_invited_address_and_is_in(app, world, link, client):
    assert INA in client.get(link).text
    assert client.post(link, data=JOIN | {"email": "other@evil.example"}).location == "/o/acme/tickets"
    assert membership_of(app, world.acme, INA).role is Role.STAFF
    assert client.get("/o/acme/tickets").status_code == 200
    assert membership_of(app, world.acme, "other@evil.example") is None


def test_whoever_joins_works_the_queues_of_the_invitation(app, world, link, client):
    client.post(link, data=JOIN)
    with app.app_context(), acting_for(world.acme.id):
        newest = db.session.scalar(sa.select(Membership.id).order_by(Membership.id.desc()).limit(1))
        works = db.session.scalars(sa.select(QueueMember.queue_id).where(QueueMember.membership_id == newest))
        assert works.all() == [world.acme.queue_id]


def test_a10_an_existing_user_must_sign_in_first(app, world, link, client):
    existing(app)
    assert f"/sign-in?next={link}" in client.get(link).text.replace("%2F", "/")
    assert client.post(link, data=JOIN).status_code == 403
    assert sign_in(client).post(link).location == "/o/acme/tickets"
    assert membership_of(app, world.acme, INA).role is Role.STAFF


def test_a10_another_signed_in_user_is_told_plainly(app, world, link, signed_in):
    browser = signed_in(world.globex.admin)
    assert f"This invitation is for {INA}" in browser.get(link).text
    assert browser.post(link, data=JOIN).status_code == 403
    assert membership_of(app, world.acme, world.globex.admin.email) is None


def test_a10_an_invitation_works_once(app, link, client):
    client.post(link, data=JOIN)
    assert app.test_client().post(link, data=JOIN).status_code == 404


def test_a10_of_eight_at_once_one_gets_in(app, world, link):
    def one(_):
        return app.test_client().post(link, data=JOIN)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(8)))
    assert [each.location for each in answers].count("/o/acme/tickets") == 1
    assert all(each.status_code in (303, 403, 404) for each in answers)


@pytest.mark.parametrize("loss", ["expires_at", "revoked_at", "accepted_at"])
def test_a10_an_ended_invitation_opens_nothing(app, world, link, client, loss):
    invitation(app, world.acme, **{loss: now() - timedelta(seconds=1)})
    assert client.get(link).status_code == 404
    assert client.post(link, data=JOIN).status_code == 404


@pytest.mark.parametrize("token", ["%20", "x", "0" * 32 + "." + "x" * 43, "%00", "a" * 5000])
def test_a10_what_is_no_token_is_not_there(world, link, client, token):
    assert client.get(f"/invitations/{token}").status_code == 404


def test_a10_the_token_of_one_organisation_is_none_of_another(world, link, client):
    token = link.rpartition("/")[2].partition(".")[2]
    assert client.post(f"/invitations/{world.globex.id.hex}.{token}", data=JOIN).status_code == 404


def test_a16_looking_uses_nothing_up(app, link, client):
    for _ in range(3):
        app.test_client().get(link)
    assert client.post(link, data=JOIN).status_code == 303


def test_sending_again_ends_the_earlier_link(app, world, link, client, signed_in):
    path = f"/settings/members/invitations/{invitation(app, world.acme)}/resend"
    assert signed_in(world.acme.admin).post(world.acme.path(path)).status_code == 303
    assert client.get(link).status_code == 404
    assert client.get(last_link(app, world.acme)).status_code == 200


def test_a_withdrawn_invitation_has_ended(app, world, link, client, signed_in):
    path = f"/settings/members/invitations/{invitation(app, world.acme)}/withdraw"
    signed_in(world.acme.admin).post(world.acme.path(path))
    assert client.get(link).status_code == 404


def test_an_address_is_invited_once_at_a_time(world, link, signed_in):
    answer = invite(signed_in(world.acme.admin), world.acme, INA.upper())
    assert answer.status_code == 422
    assert "invited already" in answer.text


def test_a_member_is_not_invited(world, signed_in):
    answer = invite(signed_in(world.acme.admin), world.acme, world.acme.staff.email)
    assert "a member already" in answer.text


def test_a4_inviting_looks_the_same_whether_the_address_has_an_account(app, world, signed_in):
    browser = signed_in(world.acme.admin)
    answers = [invite(browser, world.acme, email) for email in (INA, world.globex.admin.email)]
    assert {(each.status_code, each.location) for each in answers} == {(303, "/o/acme/settings/members")}
    subjects = {subject for _, subject, _ in account_mails(app, world.acme)}
    assert len(subjects) == 1


def test_a13_nobody_is_invited_as_a_partners_admin(world, signed_in):
    assert invite(signed_in(world.acme.partner_admin), world.acme, role="partner_admin").status_code == 422


@pytest.mark.parametrize("who", ["staff", "manager"])
def test_a13_only_admins_invite(world, signed_in, who):
    assert invite(signed_in(getattr(world.acme, who)), world.acme).status_code == 403


def test_t3_a_foreign_queue_in_an_invitation_is_refused(world, signed_in):
    answer = invite(signed_in(world.acme.admin), world.acme, queues=str(world.globex.queue_id))
    assert answer.status_code == 422


def test_too_many_invitations_wait(world, signed_in):
    browser = signed_in(world.acme.admin)
    codes = [invite(browser, world.acme, f"p{n}@new.example").status_code for n in range(52)]
    assert codes == [303] * 50 + [429] * 2


def test_the_link_starts_with_our_own_address_and_is_dropped_late(app, world, link):
    assert "http://localhost/invitations/" in account_mails(app, world.acme)[-1][2]


def test_an_invitation_ends_with_the_role_of_whoever_sent_it(app, world, link, client, signed_in):
    path = f"/settings/members/{world.acme.admin.membership_id}/role"
    with app.app_context(), acting_for(world.acme.id):
        db.session.get_one(Membership, (world.acme.id, world.acme.manager.membership_id)).role = Role.ADMIN
        db.session.commit()
    signed_in(world.acme.partner_admin).post(world.acme.path(path), data={"role": "staff"})
    assert client.get(link).status_code == 404


def test_somebody_who_left_can_be_invited_again(app, world, client, signed_in):
    with app.app_context(), acting_for(world.acme.id):
        db.session.get_one(Membership, (world.acme.id, world.acme.staff.membership_id)).ended_at = now()
        db.session.commit()
    invite(signed_in(world.acme.admin), world.acme, world.acme.staff.email, "manager")
    sign_in(client, world.acme.staff.email).post(last_link(app, world.acme))
    assert membership_of(app, world.acme, world.acme.staff.email) == (Role.MANAGER, None)
