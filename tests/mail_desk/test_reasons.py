"""Every reason that a mail can end with has a sentence, and says what to do."""

import ast

import pytest
import sqlalchemy as sa

from app.mail.inbound import Kind
from app.mail.models import InboundState
from app.mail.reasons import _WORDS, NEVER, code_of, explain
from tests.mail.delivering import deliver, mail, messages
from tests.source import files, tree

SETTLING = {"hold", "drop", "threaded", "_settle"}


def literals(node):
    """The texts a reason can be, each formatted part of it left out."""
    for each in ast.walk(node):
        if isinstance(each, ast.JoinedStr):
            first = each.values[0]
            yield first.value if isinstance(first, ast.Constant) else ""
        elif isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value:
            yield each.value


def reasons_in_the_code():
    found = set(NEVER) | {kind.value for kind in (Kind.BOUNCE, Kind.DELAY, Kind.COMPLAINT)}
    for path in files("app/mail/*.py"):
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "attr", getattr(node.func, "id", "")) in SETTLING
            ):
                for argument in node.args[1:]:
                    found |= {text for text in literals(argument) if not isinstance(argument, ast.Attribute)}
            if isinstance(node, ast.FunctionDef) and node.name.startswith("_reason_to"):
                for each in ast.walk(node):
                    if isinstance(each, ast.Return) and each.value is not None:
                        found |= set(literals(each.value))
    return {code_of(each) for each in found} - {"", "yes"}


@pytest.mark.parametrize("code", sorted(reasons_in_the_code()))
def test_a_reason_has_its_sentence(code):
    assert code in _WORDS


def test_the_codes_that_the_tests_look_for_are_found_at_all():
    assert {
        "agent_not_proven",
        "loop",
        "spam",
        "suspended",
        "our_error",
        "unreadable",
    } <= reasons_in_the_code()


def test_a_reason_of_several_words_is_explained_by_its_first(app):
    with app.test_request_context():
        assert "more than one author" in explain(InboundState.HELD, "multiple_from, no_from").what
        assert explain(InboundState.HELD, "something_new").what == "something new"


def test_a_filed_mail_is_explained_as_well(app, world):
    deliver(app, mail(to=world.acme.address), world.acme.address)
    (message,) = messages(app, world.acme)
    with app.test_request_context():
        assert explain(message.state, message.reason).what == "It opened a ticket."
        assert sa.inspect(message).detached
