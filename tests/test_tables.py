"""Every tenant-owned table holds its rows by itself: row-level security, keys and references carry the tenant.

A new table is covered without anyone remembering; tests/filling.py needs a row of it.
"""

import pytest
import sqlalchemy as sa

from app.extensions import Model, db
from app.tenancy import acting_for, policies, tenanted_models
from tests.filling import fingerprint

TENANTED = sorted(tenanted_models(), key=lambda model: model.__tablename__)
TABLES = [model.__tablename__ for model in TENANTED]
# Tables that belong to nobody or to everybody, and why.
GLOBAL = {
    "account_links": "of users, who belong to many",
    "alembic_version": "the schema's own",
    "half_sessions": "of users, who belong to many",
    "organisations": "the tenants themselves; names and slugs are public",
    "partners": "above the tenants",
    "partner_memberships": "above the tenants",
    "portraits": "of users, who belong to many",
    "provider_receipts": "tokens of providers, without content",
    "recovery_codes": "of users, who belong to many",
    "registrations": "before there is an organisation",
    "second_factors": "of users, who belong to many",
    "sessions": "of users, who belong to many",
    "ticket_search": "under row-level security no index answers @@, so it holds lexemes only, behind a mark of their"
    " organisation, and is only ever joined to tickets; tests/tickets/test_search.py holds that",
    "users": "belong to many",
}
# Uniqueness across organisations says that somebody else has a value: only what is public or random may.
UNIQUE_EVERYWHERE = {("mailboxes", ("address",)): "routes mail; drawn by chance"}


def test_every_table_is_tenant_owned_or_has_a_reason_not_to_be(app):
    with app.app_context():
        found = set(sa.inspect(db.engine).get_table_names())
    assert found - set(TABLES) - set(GLOBAL) == set(), "give it a tenant, or a reason in GLOBAL"


@pytest.mark.parametrize("table", TABLES)
def test_row_level_security_binds_even_the_owner(app, table):
    with app.app_context():
        query = (
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = CAST(:table AS regclass)"
        )
        assert tuple(db.session.execute(sa.text(query), {"table": table}).one()) == (True, True)


@pytest.mark.parametrize("model", TENANTED, ids=TABLES)
def test_the_policies_are_those_of_the_code(app, model):
    table = model.__tablename__
    with app.app_context():
        db.session.execute(sa.text(f"CREATE TABLE probe (LIKE {table})"))
        for name, command, condition in policies(table, model.__crossing__):
            check = f"WITH CHECK ({condition})" if command == "ALL" else ""
            db.session.execute(
                sa.text(f"CREATE POLICY {name} ON probe FOR {command} USING ({condition}) {check}")
            )
        query = sa.text(
            "SELECT policyname, cmd, permissive, roles::text, qual, with_check FROM pg_policies"
            " WHERE tablename = :table ORDER BY policyname"
        )
        wanted, found = (db.session.execute(query, {"table": name}).all() for name in ("probe", table))
        db.session.rollback()
    assert found == wanted


@pytest.mark.parametrize("model", TENANTED, ids=TABLES)
def test_keys_and_references_carry_the_tenant(model):
    table = model.__table__
    assert next(iter(table.primary_key.columns)).name == "tenant_id"
    for constraint in table.foreign_key_constraints:
        target = constraint.elements[0].column.table
        if target.name in TABLES:
            pairs = [(each.parent.name, each.column.name) for each in constraint.elements]
            assert pairs[0] == ("tenant_id", "tenant_id"), constraint.name


@pytest.mark.parametrize("model", TENANTED, ids=TABLES)
def test_t15_uniqueness_is_the_organisations_own(model):
    for constraint in model.__table__.constraints:
        columns = tuple(column.name for column in constraint.columns)
        if (
            isinstance(constraint, sa.UniqueConstraint)
            and (model.__tablename__, columns) not in UNIQUE_EVERYWHERE
        ):
            assert columns[0] == "tenant_id", constraint.name


@pytest.mark.parametrize("table", TABLES)
def test_a_query_for_nobody_raises(app, filled, table):
    with app.app_context(), pytest.raises(sa.exc.DBAPIError):
        db.session.execute(sa.text(f"SELECT * FROM {table}"))


@pytest.mark.parametrize("table", TABLES)
def test_t13_a_query_for_nobody_raises_also_where_somebody_was_before(app, filled, world, table):
    with app.app_context():
        with acting_for(world.acme.id):
            db.session.execute(sa.text(f"SELECT * FROM {table}"))
            db.session.commit()
        with pytest.raises(sa.exc.DBAPIError):
            db.session.execute(sa.text(f"SELECT * FROM {table}"))


@pytest.mark.parametrize("table", TABLES)
def test_each_organisation_sees_its_own_rows_and_no_others(app, filled, table):
    with app.app_context():
        for own in filled:
            with acting_for(own.house.id):
                seen = set(db.session.scalars(sa.text(f"SELECT tenant_id FROM {table}")))
            assert seen == {own.house.id}, "tests/filling.py puts no row there"


@pytest.mark.parametrize("table", TABLES)
def test_nobody_can_move_a_row_into_another_organisation(app, filled, world, table):
    statement = sa.text(f"UPDATE {table} SET tenant_id = :other")
    with app.app_context(), pytest.raises(sa.exc.DBAPIError), acting_for(world.acme.id):
        db.session.execute(statement, {"other": world.globex.id})


@pytest.mark.parametrize("table", TABLES)
def test_nobody_can_change_or_delete_anothers_rows(app, filled, world, table):
    with app.app_context():
        before = fingerprint(world.globex)
        with acting_for(world.acme.id):
            where = f"FROM {table}" if table else ""
            gone = db.session.execute(
                sa.text(f"DELETE {where} WHERE tenant_id = :other"), {"other": world.globex.id}
            )
            assert gone.rowcount == 0
        db.session.commit()
        assert fingerprint(world.globex) == before


REFERENCES = [
    (model.__tablename__, constraint.elements[1].parent.name, constraint.elements[0].column.table.name)
    for model in TENANTED
    for constraint in sorted(model.__table__.foreign_key_constraints, key=lambda each: str(each.name))
    if constraint.elements[0].column.table.name in TABLES
]


@pytest.mark.parametrize(("table", "column", "target"), REFERENCES)
def test_t3_the_database_refuses_a_reference_to_anothers_row(app, filled, world, table, column, target):
    with app.app_context():
        with acting_for(world.globex.id):
            foreign = db.session.scalar(sa.text(f"SELECT id FROM {target} LIMIT 1"))
        with pytest.raises(sa.exc.IntegrityError), acting_for(world.acme.id):
            db.session.execute(sa.text(f"UPDATE {table} SET {column} = :id"), {"id": foreign})


def test_every_model_is_mapped_to_a_table_this_file_walks():
    mapped = {mapper.class_.__tablename__ for mapper in Model.registry.mappers}
    assert mapped == (set(TABLES) | set(GLOBAL)) - {"alembic_version"}
