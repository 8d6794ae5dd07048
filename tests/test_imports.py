"""Imports go only downwards, so that no module can reach up to what stands on it."""

import ast
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.source import files, imports, module_name, tree

# From the ground up. A module may import from those before it and from its own package.
ORDER = """
    config embedded reader extensions assets pages richtext storage thumbnails logs tenancy policy jobs events
    errors headers web auth organisations billing branding tickets mail dashboard notifications workflows webhooks
    api signup account members reactions demo housekeeping health startup commands create_app
""".split()
# The child process that parses a mail loads its few modules without the application around them.
LATE = {"app/mail/sandbox_child.py"}
APP = [path for path in files("app/*.py", "app/**/*.py") if path.endswith(".py")]
TOP = ["wsgi.py", "worker.py", "gunicorn.conf.py"]


def layer(module: str) -> str:
    """The part of the project a module belongs to; the package `app` itself is what puts all together."""
    return module.split(".")[1] if module.startswith("app.") else "create_app" if module == "app" else module


@pytest.mark.parametrize("path", APP)
def test_a_module_imports_only_from_below(path):
    own = layer(module_name(path))
    upwards = [
        f"line {node.lineno}: {module}"
        for node, module in imports(path)
        if layer(module) != own and ORDER.index(layer(module)) > ORDER.index(own)
    ]
    assert not upwards


@pytest.mark.parametrize("path", [path for path in APP if path not in LATE])
def test_an_import_stands_at_the_top_of_its_file(path):
    inside = [
        node.lineno
        for function in ast.walk(tree(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not inside, "an import inside a function hides a circle"


def test_modules_do_not_import_each_other_in_circles():
    graph = {module_name(path): {module for _, module in imports(path)} - {module_name(path)} for path in APP}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_only_the_factory_knows_routes_and_commands():
    knowing = [
        (path, module)
        for path in APP
        for _, module in imports(path)
        if module.endswith(("routes", ".commands"))
        and layer(module) != layer(module_name(path)) != "create_app"
    ]
    assert not knowing


@pytest.mark.parametrize("path", APP)
def test_the_product_never_imports_its_tests_or_processes(path):
    assert not [
        module for _, module in imports(path) if module.split(".")[0] in {"tests", "bench", "worker", "wsgi"}
    ]


def test_every_module_has_its_place_in_the_order():
    assert {layer(module_name(path)) for path in APP} <= set(ORDER)
