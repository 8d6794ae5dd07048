"""The Flask extensions as bare objects, the base of every model, and the one clock."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
import uuid_utils.compat as uuid_utils
from flask import Flask
from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, registry

from app import reader

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of all models: times are aware, dictionaries are JSONB."""

    registry = registry(
        metadata=sa.MetaData(naming_convention=NAMING),
        type_annotation_map={
            datetime: sa.DateTime(timezone=True),
            dict[str, Any]: JSONB,
            list[Any]: JSONB,
            str: sa.Text(),
        },
    )


db = SQLAlchemy(model_class=Base, disable_autonaming=True)
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model
migrate = Migrate()
login = LoginManager()
csrf = CSRFProtect()
limiter = Limiter(key_func=get_remote_address)
babel = Babel()


def init_app(app: Flask) -> None:
    """Give the application its extensions."""
    db.init_app(app)
    migrate.init_app(app, db)
    login.init_app(app)
    csrf.init_app(app)
    limiter.init_app(app)
    babel.init_app(
        app, default_locale="en_GB", locale_selector=reader.locale, timezone_selector=reader.time_zone
    )


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): unguessable enough for URLs and close together in an index."""
    return uuid_utils.uuid7()


def words(kind: type[StrEnum]) -> sa.Enum:
    """A column type that stores an enum's words as text, so that a new word needs no migration."""
    return sa.Enum(
        kind,
        native_enum=False,
        length=40,
        create_constraint=False,
        values_callable=lambda e: [m.value for m in e],
    )
