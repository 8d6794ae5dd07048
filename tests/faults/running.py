"""One run: traffic and faults together, then quiet, then the account."""

import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sized
from pathlib import Path

from tests.faults.accounts import Account, settle, wait_for_quiet
from tests.faults.stack import Stack
from tests.faults.traffic import Agent, Customers, Ledger
from tests.faults.trouble import Fault

QUIET = 90.0  # seconds a run may take to get quiet before it counts as stuck


def run(mails: int, seconds: float, faults: Iterable[Fault], seed: int, calm: float = 2.0) -> Account:
    """Send so many mails over so many seconds while faults happen, `calm` seconds apart on average.

    Ends with the mails, but not before a list of faults has happened to its end.
    """
    chance, ledger = random.Random(seed), Ledger()
    with (
        tempfile.TemporaryDirectory(prefix="wt-faults-", ignore_cleanup_errors=True) as folder,
        Stack(Path(folder)) as stack,
    ):
        customers = Customers(stack, ledger, mails, seconds, random.Random(seed + 1))
        agents = [Agent(stack, ledger, house, random.Random(seed + 2)) for house in stack.world.houses]
        for each in (customers, *agents):
            each.start()
        happened: Counter[str] = Counter()
        for fault in faults:
            if not (customers.is_alive() or isinstance(faults, Sized)):
                break
            time.sleep(chance.uniform(0.1, 2 * calm))
            fault(stack, chance)
            happened[fault.__name__] += 1
        customers.join()
        time.sleep(2)
        for agent in agents:
            agent.done.set()
            agent.join()
        account = settle(stack, ledger, wait_for_quiet(stack, QUIET))
    account.figures |= dict(sorted(happened.items()))
    return account
