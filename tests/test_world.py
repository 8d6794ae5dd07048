"""The ground the other tests stand on holds by itself."""

import socket

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.organisations.models import Membership
from tests.conftest import NoNetwork


def test_each_organisation_sees_its_own_members_only(acme):
    names = set(db.session.scalars(sa.select(Membership.user_id)))
    assert names == {acme.staff.user_id, acme.manager.user_id, acme.admin.user_id}


def test_a_test_starts_on_an_empty_database(app):
    with app.app_context():
        assert db.session.scalar(sa.text("SELECT count(*) FROM users")) == 0


@pytest.mark.parametrize("address", [("192.0.2.1", 25), ("example.com", 443)])
def test_a_test_cannot_leave_this_machine(address):
    with pytest.raises(NoNetwork):
        socket.create_connection(address, timeout=1)


def test_a_member_of_another_organisation_is_a_stranger(world, signed_in):
    assert signed_in(world.acme.staff).get(world.globex.path("/nothing")).status_code == 404
