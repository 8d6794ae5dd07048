"""The project's own source as the tests of its shape and imports read it."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from config import ROOT

Function = ast.FunctionDef | ast.AsyncFunctionDef
VIEW_DECORATORS = {"route", "get", "post", "put", "patch", "delete"}


@cache
def files(*patterns: str) -> list[str]:
    """Paths of the files git knows or would take, below the project."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [path for path in found if (ROOT / path).is_file()]


@cache
def python_files() -> list[str]:
    """Every Python file of ours but migrations, which are written once and never read again."""
    scripts = [path for path in files("bin") if text(path).startswith("#!/usr/bin/env python3")]
    return [path for path in files("*.py") if not path.startswith("migrations/")] + scripts


@cache
def text(path: str) -> str:
    return (ROOT / path).read_text()


@cache
def tree(path: str) -> ast.Module:
    return ast.parse(text(path))


def functions(path: str) -> Iterator[Function]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def length(node: Function) -> int:
    """Lines from `def` to the end, decorators not counted."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def is_view(node: Function) -> bool:
    calls = [each.func for each in node.decorator_list if isinstance(each, ast.Call)]
    return any(isinstance(call, ast.Attribute) and call.attr in VIEW_DECORATORS for call in calls)


def module_name(path: str) -> str:
    """`app/mail/parse.py` in, `app.mail.parse` out; a package's `__init__.py` is the package."""
    return str(Path(path).with_suffix("")).replace("/", ".").removesuffix(".__init__")


def imports(path: str) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    """Each import of our own modules, wherever it stands, with the module it names."""
    known = {module_name(each) for each in files("*.py")}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node, name.name) for name in node.names if name.name in known)
        elif isinstance(node, ast.ImportFrom):
            base = _base(path, node)
            for name in node.names:
                full = f"{base}.{name.name}"
                if full in known or base in known:
                    yield node, full if full in known else base


def _base(path: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module_name(path).split(".")
    package = package if path.endswith("__init__.py") else package[:-1]
    parts = package[: len(package) - node.level + 1]
    return ".".join([*parts, *([node.module] if node.module else [])])
