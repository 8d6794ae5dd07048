"""Whose word counts for the domain in From."""

import pytest

from app.mail.inbound import Auth
from app.mail.verdicts import Verdict, judge

ANN = "ann@example.org"


def mailgun(spf="pass", dkim=(), domains=(), envelope=ANN):
    auth = Auth(mailgun_spf=(spf,) if spf else (), mailgun_dkim=dkim, dkim_domains=domains)
    return judge(auth, ANN, envelope, "mailgun", "")


def results(value, host="mx.ours.example"):
    return judge(Auth(authentication_results=(value,)), ANN, ANN, "", host)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (mailgun(), Verdict.PASS),
        (mailgun(envelope="x@evil.example"), Verdict.FAIL),
        (mailgun(spf="fail"), Verdict.FAIL),
        (mailgun(spf=""), Verdict.NONE),
        (mailgun(spf="fail", dkim=("pass",), domains=("example.org",)), Verdict.PASS),
        (mailgun(spf="fail", dkim=("pass",), domains=("mail.example.org",)), Verdict.PASS),
        (mailgun(spf="fail", dkim=("pass",), domains=("evil.example",)), Verdict.FAIL),
        (mailgun(spf="fail", dkim=("pass",), domains=("evil.example", "example.org")), Verdict.FAIL),
        (mailgun(spf="fail", dkim=("pass", "fail"), domains=("example.org",)), Verdict.FAIL),
        (mailgun(spf="fail", dkim=("pass",), domains=("notexample.org",)), Verdict.FAIL),
    ],
)
def test_mailguns_word_counts_for_an_aligned_domain_only(verdict, expected):
    assert verdict is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("mx.ours.example; dmarc=pass header.from=example.org", Verdict.PASS),
        ("mx.ours.example; dkim=pass header.d=example.org; spf=fail smtp.mailfrom=x@y.example", Verdict.PASS),
        ("mx.ours.example; spf=pass smtp.mailfrom=bounce@example.org", Verdict.PASS),
        ("mx.ours.example; spf=pass smtp.mailfrom=x@evil.example", Verdict.FAIL),
        ("mx.ours.example; dkim=pass header.d=example.org; dmarc=fail header.from=example.org", Verdict.FAIL),
        ("mx.evil.example; dmarc=pass header.from=example.org", Verdict.NONE),
        ("mx.ours.example; none", Verdict.NONE),
        ("", Verdict.NONE),
    ],
)
def test_results_count_from_our_own_server_only(value, expected):
    assert results(value) is expected


def test_no_server_is_trusted_unless_one_is_named():
    assert results("; dmarc=pass header.from=example.org", host="") is Verdict.NONE
