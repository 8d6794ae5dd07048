"""After the quiet: every mail that was taken is one ticket or comment, and every reply went out once."""

import time
from collections import Counter
from dataclasses import dataclass, field

import psycopg

from tests.faults.stack import Stack
from tests.faults.traffic import Ledger

# Due now, or tried and waiting to be tried again; what is meant for later from the start is no unrest.
UNREST = "state = 'due' AND (run_at <= now() OR claimed_at IS NOT NULL)"
DUE = f"SELECT count(*) FROM jobs WHERE {UNREST}"
INBOUND = """
    SELECT i.message_id, i.tenant_id, i.state, i.reason, i.comment_id FROM inbound_messages i
    WHERE i.state <> 'duplicate'
"""
OUTBOUND = "SELECT message_id, kind, state, is_uncertain, comment_id FROM outbound_messages"
AGENTS = "SELECT id, tenant_id FROM comments WHERE author_kind = 'agent' AND NOT is_internal"


@dataclass
class Account:
    """What is wrong, and the figures."""

    problems: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)


def wait_for_quiet(stack: Stack, patience: float) -> float:
    """Seconds until no job was due any more; raises TimeoutError with what is left."""
    started = time.monotonic()
    while time.monotonic() - started < patience:
        try:
            if stack.ask(DUE) == [(0,)]:
                return time.monotonic() - started
        except psycopg.OperationalError:
            continue  # the last fault is just over
        time.sleep(0.5)
    left = stack.ask(
        f"SELECT name, attempts, run_at - now(), left(last_error, 99) FROM jobs WHERE {UNREST} LIMIT 5"
    )
    raise TimeoutError(f"not quiet after {patience:.0f} s: {left}")


def settle(stack: Stack, ledger: Ledger, quiet: float) -> Account:
    """Compare what the far ends know with what the database holds and what the sink got."""
    account = Account()
    _mail_in(stack, ledger, account)
    _mail_out(stack, ledger, account)
    (dead,) = stack.ask("SELECT count(*) FROM jobs WHERE state = 'dead'")[0]
    if dead:
        account.problems.append(f"{dead} dead jobs: {stack.ask('SELECT name, last_error FROM jobs LIMIT 3')}")
    account.figures |= {"seconds until quiet": round(quiet, 1), "slowest answer": round(ledger.slowest, 2)}
    account.figures |= {"tries of the senders": ledger.tries}
    return account


def _mail_in(stack: Stack, ledger: Ledger, account: Account) -> None:
    rows = stack.ask(INBOUND)
    taken = Counter(message_id for message_id, *_ in rows if message_id)
    comments = Counter(comment for *_, comment in rows)
    account.problems += [f"lost: {each}" for each in ledger.mails if not taken[each]]
    account.problems += [f"twice: {each} {count} times" for each, count in taken.items() if count > 1]
    account.problems += [
        f"{state} ({why}): {which}"
        for which, _, state, why, _ in rows
        if state not in {"ticketed", "threaded"}
    ]
    account.problems += [
        f"in another organisation: {which}" for which, tenant, *_ in rows if ledger.mails[which].id != tenant
    ]
    account.problems += [
        f"two mails are one comment: {each}" for each, count in comments.items() if count > 1
    ]
    ((tickets,),) = stack.ask("SELECT count(*) FROM tickets")
    ((written,),) = stack.ask("SELECT count(*) FROM comments WHERE author_kind = 'contact'")
    if tickets != ledger.openings:
        account.problems.append(f"{tickets} tickets for {ledger.openings} matters")
    if written != len(ledger.mails):
        account.problems.append(f"{written} comments for {len(ledger.mails)} mails")
    account.figures |= {
        "mails taken": len(ledger.mails),
        "tickets": tickets,
        "comments of customers": written,
    }


def _mail_out(stack: Stack, ledger: Ledger, account: Account) -> None:
    rows = {message_id: row for message_id, *row in stack.ask(OUTBOUND)}
    sent = Counter(message_id for message_id, _, _ in stack.sink.taken)
    uncertain = {message_id for message_id, row in rows.items() if row[2]}
    said = dict(stack.ask(AGENTS))
    replies = Counter(row[3] for row in rows.values() if row[0] == "reply")
    account.problems += [f"reply lost: {each}" for each in ledger.replies if each not in said]
    account.problems += [f"reply with {replies[each]} mails: {each}" for each in said if replies[each] != 1]
    account.problems += [f"{row[1]}: {each}" for each, row in rows.items() if row[1] != "sent"]
    account.problems += [f"never sent: {each}" for each in rows if not sent[each]]
    account.problems += [f"unknown to us: {each}" for each in sent if each not in rows]
    # SMTP cannot be asked whether it took a mail: a crash in that moment costs one copy, which the row admits.
    account.problems += [
        f"sent {count} times: {each}"
        for each, count in sent.items()
        if count > (2 if each in uncertain else 1)
    ]
    acknowledged = sum(1 for row in rows.values() if row[0] == "acknowledgement")
    doubled = sum(1 for each in uncertain if sent[each] > 1)
    account.figures |= {
        "replies": len(said),
        "acknowledgements": acknowledged,
        "mails out": sum(sent.values()),
    }
    account.figures |= {"admitted as uncertain": len(uncertain), "of these doubled": doubled}
