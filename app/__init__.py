"""The application factory: read it to know what the application is made of."""

from flask import Flask

from app import errors, extensions, headers, health, logs, pages, startup, storage, web
from app import reactions as reactions  # declares what follows events
from app.account import reset_routes, security_routes
from app.account import routes as account_routes
from app.auth import routes as auth_routes
from app.auth import sessions, throttling
from app.commands import groups
from app.dashboard import routes as dashboard_routes
from app.mail import address_routes, file_routes, out_routes, send, sink_routes
from app.mail import models as models  # imports every model below it
from app.mail import routes as mail_routes
from app.members import joining_routes
from app.members import routes as member_routes
from app.notifications import routes as notification_routes
from app.organisations import context
from app.organisations import routes as organisations_routes
from app.signup import routes as signup_routes
from app.tickets import attachment_routes, contact_routes, property_routes, search_routes
from app.tickets import routes as ticket_routes
from app.webhooks import events as webhook_events
from app.webhooks import routes as webhook_routes
from config import Config


def create_app(config: Config | None = None) -> Flask:
    """Build the application from its settings, which are read from the environment unless given."""
    app = Flask(__name__)
    startup.configure(app, config or startup.settings())
    logs.init_app(app)
    extensions.init_app(app)
    app.extensions["storage"] = storage.from_url(app.config["WORKTRACKR"].absolute_storage_url)
    headers.init_app(app)
    errors.init_app(app)
    pages.install(app)
    context.init_app(app)
    sessions.init_app(app)
    throttling.init_app(app)
    web.init_app(app)
    send.init_app(app)
    sink_routes.init_app(app)
    health.init_app(app)
    # fmt: off
    for routes in (
        auth_routes, file_routes, organisations_routes, signup_routes, webhook_routes, webhook_events,
        ticket_routes, search_routes, contact_routes, property_routes, attachment_routes, mail_routes,
        out_routes, address_routes,
        account_routes, security_routes, reset_routes, member_routes, joining_routes, dashboard_routes,
    ):
        app.register_blueprint(routes.bp)
    # fmt: on
    app.register_blueprint(notification_routes.bp)
    groups.init_app(app)
    return app
