"""Files, functions, views and templates stay short enough to read at once. An exception has its reason here."""

import ast

import pytest

from tests.source import files, functions, is_view, length, python_files, text, tree

FILE, FUNCTION, VIEW, TEMPLATE, TEST = 300, 40, 25, 100, 25
FACTORY = 60  # lines of app/__init__.py

# "path" or "path::function": the reason why it may be longer.
EXCEPTIONS: dict[str, str] = {}

PYTHON = python_files()
TEMPLATES = files("app/templates/*.html", "app/templates/**/*.html")


def allowed(name: str, lines: int, limit: int) -> bool:
    return lines <= limit or name in EXCEPTIONS


@pytest.mark.parametrize("path", PYTHON)
def test_a_file_is_short(path):
    assert allowed(path, len(text(path).splitlines()), FACTORY if path == "app/__init__.py" else FILE)


@pytest.mark.parametrize("path", PYTHON)
def test_a_function_is_short(path):
    long = [f"{node.name}: {length(node)}" for node in functions(path) if not _short(path, node)]
    assert not long


def _short(path: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    limit = VIEW if is_view(node) else FUNCTION
    if path.startswith("tests/") and node.name.startswith("test_"):
        limit = TEST
    return allowed(f"{path}::{node.name}", length(node), limit)


@pytest.mark.parametrize("path", TEMPLATES)
def test_a_template_is_short(path):
    assert allowed(path, len(text(path).splitlines()), TEMPLATE)


@pytest.mark.parametrize("path", [path for path in PYTHON if text(path).strip()])
def test_a_file_begins_by_saying_what_it_is_for(path):
    says = ast.get_docstring(tree(path))
    assert says
    assert says.split("\n\n")[0].rstrip().endswith((".", ":", "!", "?"))


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_is_still_needed(name):
    path, _, function = name.partition("::")
    lengths = [length(node) for node in functions(path) if node.name == function]
    assert max(lengths, default=0) > VIEW if function else len(text(path).splitlines()) > TEMPLATE
