"""Which organisation the database session acts for, and the key and row-level security that hold it there.

The scope lives on the SQLAlchemy session and is told to PostgreSQL at the start of every transaction.
Without one, every tenant-owned table raises: nothing is ever read or written "for nobody".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, SessionTransaction, declared_attr, mapped_column

from app.extensions import Model, db, new_id

NOBODY = UUID(int=0)
SETTINGS = sa.text(
    "SELECT set_config('app.tenant_id', :tenant, true),"
    " set_config('app.scope', :scope, true), set_config('app.subject', :subject, true)"
)
TENANT_POLICY = "tenant_id = current_setting('app.tenant_id')::uuid"


class Scope(StrEnum):
    """The few reasons to look across organisations; each names the tables that answer to it (see `crossing`)."""

    SWEEP = "sweep"  # workers claiming due jobs, whoever they are for
    ROUTING = "routing"  # finding whose an inbound address is, or the mail that a provider reports on
    OWN_MEMBERSHIPS = "own_memberships"  # the organisations of the user who signs in
    WATCH = "watch"  # operators' counts of mail by state


@dataclass(frozen=True)
class Acting:
    """For whom the session acts: one organisation, or nobody's rows but those of a named scope."""

    tenant_id: UUID = NOBODY
    scope: Scope | None = None
    subject: UUID | None = None


class Tenanted:
    """Mixin of every tenant-owned model: its primary key starts with the organisation."""

    __crossing__: dict[Scope, str] = {}

    @declared_attr
    def tenant_id(cls) -> Mapped[UUID]:  # noqa: N805  (SQLAlchemy calls it with the class)
        return mapped_column(
            sa.ForeignKey("organisations.id"), primary_key=True, default=current_tenant_id, sort_order=-2
        )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-1)


def tenant_key(column: str, table: str, *, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    """A reference to another tenant-owned row, which the database refuses across organisations."""
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete=ondelete
    )


def policies(table: str, crossing: dict[Scope, str]) -> list[tuple[str, str, str]]:
    """The row-level security policies of a table as (name, command, condition), as migrations must make them."""
    rows = [("tenant", "ALL", TENANT_POLICY)]
    for scope, command in crossing.items():
        condition = f"current_setting('app.scope', true) = '{scope.value}'"
        if scope is Scope.OWN_MEMBERSHIPS:
            condition += " AND user_id = nullif(current_setting('app.subject', true), '')::uuid"
        rows.append((scope.value, command, condition))
    return rows


def tenanted_models() -> list[type[Tenanted]]:
    """Every tenant-owned model there is."""
    return [m.class_ for m in Model.registry.mappers if issubclass(m.class_, Tenanted)]


def current() -> Acting | None:
    """For whom the session acts now, or None where nobody said."""
    return db.session().info.get("acting")


def current_tenant_id() -> UUID:
    """The organisation the session acts for. Raises LookupError outside one."""
    acting = current()
    if acting is None or acting.tenant_id == NOBODY:
        raise LookupError("no organisation: use acting_for(...)")
    return acting.tenant_id


def enter(acting: Acting | None) -> None:
    """Switch the session. Rows of other organisations leave it, so no lazy load can reach them."""
    session = db.session()
    tenant_id = acting.tenant_id if acting else NOBODY
    for instance in list(session.identity_map.values()):
        # The identity, not the attribute: that may have to be loaded, under whichever scope there is now.
        if isinstance(instance, Tenanted) and sa.inspect(instance).identity[0] != tenant_id:
            session.expunge(instance)
    session.info["acting"] = acting
    if session.in_transaction():
        _tell(session.connection(), acting)


@contextmanager
def acting_for(tenant_id: UUID) -> Iterator[None]:
    """Act for one organisation within the block; an error in it rolls the session back."""
    with _acting(Acting(tenant_id)):
        yield


@contextmanager
def across_tenants(scope: Scope, subject: UUID | None = None) -> Iterator[None]:
    """Look across organisations for one named reason within the block."""
    with _acting(Acting(scope=scope, subject=subject)):
        yield


@contextmanager
def connection_across(scope: Scope) -> Iterator[sa.Connection]:
    """A transaction of its own, beside the session's, that sees the tables of one named scope and no others."""
    with db.engine.begin() as connection:
        _tell(connection, Acting(scope=scope))
        yield connection


@contextmanager
def _acting(acting: Acting) -> Iterator[None]:
    before = current()
    db.session.flush()
    enter(acting)
    try:
        yield
        db.session.flush()
    except BaseException:
        db.session.rollback()
        db.session().info["acting"] = before
        raise
    enter(before)


def _tell(connection: sa.Connection, acting: Acting | None) -> None:
    acting = acting or Acting()
    connection.execute(
        SETTINGS,
        {
            "tenant": "" if acting == Acting() else str(acting.tenant_id),
            "scope": acting.scope or "",
            "subject": str(acting.subject or ""),
        },
    )


@sa.event.listens_for(Session, "after_begin")
def _tell_postgresql(session: Session, transaction: SessionTransaction, connection: sa.Connection) -> None:
    if session.info.get("acting") is not None and transaction.nested is False:
        _tell(connection, session.info["acting"])
