"""`run("user", "list")` types a command and gives what it answered."""

import pytest


@pytest.fixture
def run(app):
    return lambda *arguments, **more: app.test_cli_runner().invoke(args=arguments, **more)
