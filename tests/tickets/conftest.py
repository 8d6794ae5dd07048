"""Counting queries."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine


@dataclass
class Counted:
    """How many statements reached the database."""

    count: int = 0


@pytest.fixture
def count_queries() -> Callable[[], AbstractContextManager[Counted]]:
    """`with count_queries() as counted:` counts the statements of the block."""

    @contextmanager
    def counting() -> Iterator[Counted]:
        counted = Counted()

        def one_more(*_: Any) -> None:
            counted.count += 1

        sa.event.listen(Engine, "before_cursor_execute", one_more)
        try:
            yield counted
        finally:
            sa.event.remove(Engine, "before_cursor_execute", one_more)

    return counting


@pytest.fixture
def count_reads() -> Callable[[], AbstractContextManager[Counted]]:
    """`with count_reads() as counted:` counts the SELECTs of the block."""

    @contextmanager
    def counting() -> Iterator[Counted]:
        counted = Counted()

        def one_more(_: Any, __: Any, statement: str, *___: Any) -> None:
            counted.count += statement.lstrip().upper().startswith("SELECT") and "set_config" not in statement

        sa.event.listen(Engine, "before_cursor_execute", one_more)
        try:
            yield counted
        finally:
            sa.event.remove(Engine, "before_cursor_execute", one_more)

    return counting
