"""The migrations, run from nothing, make exactly what the models say."""

import flask_migrate


def test_the_models_need_no_further_migration(app):
    with app.app_context():
        flask_migrate.check()
