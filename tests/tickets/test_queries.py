"""Pages ask the database as often for fifty rows as for five, and not more than twelve times."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.tickets.changing import tag_with
from app.web import PER_PAGE
from tests.tickets.casework import a_long_ticket, a_ticket

MOST = 12


@contextmanager
def counted(app) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(connection, cursor, statement, parameters, context, executemany):
        # Who the session acts for is a setting of the transaction, not a question.
        if "set_config" not in statement:
            asked.append(statement)

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield asked
    sa.event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("who", ["staff", "admin", "partner_admin"])
def test_the_inbox_asks_as_often_for_fifty_rows_as_for_five(app, acme, signed_in, who):
    browser, path = signed_in(getattr(acme, who)), acme.path("/tickets")
    counts = []
    for rows in (5, PER_PAGE - 5):
        for number in range(rows):
            tag_with(
                a_ticket(acme, f"Matter {number}", email=f"r{number}@x.example"), ["vpn"], by=acme.staff.actor
            )
        db.session.commit()
        with counted(app) as asked:
            page = browser.get(path)
        counts.append((len(asked), page.text.count('class="row-item')))
    assert [rows for _, rows in counts] == [5, 50]
    assert counts[0][0] == counts[1][0] <= MOST, "\n\n".join(asked)


@pytest.mark.parametrize("who", ["staff", "admin", "partner_admin"])
def test_a_ticket_asks_as_often_for_fifty_messages_as_for_five(app, acme, signed_in, who):
    browser = signed_in(getattr(acme, who))
    counts = []
    for messages in (4, 49):
        number = a_long_ticket(acme, messages).number
        with counted(app) as asked:
            page = browser.get(acme.path(f"/tickets/{number}"))
        counts.append((len(asked), page.text.count('class="message ')))
    assert [shown for _, shown in counts] == [5, 50]
    assert counts[0][0] == counts[1][0] <= MOST, "\n\n".join(asked)
