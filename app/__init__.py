"""The application factory: read it to know what the application is made of."""

from flask import Flask

from app import extensions, pages, reactions, storage, web  # noqa: F401  (reactions: declares what follows events)
from app.auth import routes as auth_routes
from app.auth import sessions, throttling
from app.mail import models  # noqa: F401  (imports every model below it)
from app.organisations import context
from app.organisations import routes as organisations_routes
from app.signup import routes as signup_routes
from config import Config

# Deadlines inside PostgreSQL, in milliseconds: nothing may hold a thread or a lock for long.
DEADLINES = "-c statement_timeout=10000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000"


def create_app(config: Config | None = None) -> Flask:
    """Build the application from its settings, which are read from the environment unless given."""
    app = Flask(__name__)
    app.config.from_mapping((config or Config.from_environment()).for_flask())
    app.config.setdefault(
        "SQLALCHEMY_ENGINE_OPTIONS",
        {
            "pool_pre_ping": True,
            "pool_size": 10,
            "connect_args": {"options": DEADLINES, "connect_timeout": 5},
        },
    )
    app.config.setdefault("RATELIMIT_STORAGE_URI", app.config["WORKTRACKR"].limiter_url)
    extensions.init_app(app)
    app.extensions["storage"] = storage.from_url(app.config["WORKTRACKR"].absolute_storage_url)
    pages.install(app)
    context.init_app(app)
    sessions.init_app(app)
    throttling.init_app(app)
    web.init_app(app)
    for routes in (auth_routes, organisations_routes, signup_routes):
        app.register_blueprint(routes.bp)
    return app
