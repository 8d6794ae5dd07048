"""Each kind of fault once, in a fixed order, while mails come in and replies go out (bench/faults runs more)."""

import pytest

from tests.faults.running import run
from tests.faults.trouble import FAULTS


@pytest.mark.timeout(240)
def test_no_mail_and_no_reply_is_lost_or_doubled_by_any_fault():
    account = run(mails=40, seconds=15, faults=FAULTS, seed=1, calm=0.8)
    assert account.problems == []
    assert account.figures["seconds until quiet"] < 65
    assert account.figures["replies"] > 0
