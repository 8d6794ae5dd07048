"""What has served its time goes, what has not stays."""

from datetime import timedelta

import sqlalchemy as sa
from flask import Flask

from app import housekeeping
from app.extensions import db, now
from app.jobs import run_due
from app.mail.models import ProviderReceipt
from app.tenancy import acting_for
from app.tickets.attaching import File, store
from app.tickets.conversation import Attachment
from tests.world import House


def test_old_receipts_are_forgotten_and_fresh_ones_kept(acme: House) -> None:
    db.session.add(ProviderReceipt(provider="mailgun", token="old", received_at=now() - timedelta(days=4)))
    db.session.add(ProviderReceipt(provider="mailgun", token="new"))
    db.session.commit()
    housekeeping.tidy()
    assert db.session.scalars(sa.select(ProviderReceipt.token)).all() == ["new"]


def test_a_file_of_a_message_never_sent_goes_from_row_and_storage(app: Flask, acme: House) -> None:
    draft = store(File("plan.txt", "text/plain", b"x" * 10), by=acme.staff.actor)
    draft.created_at, key = now() - timedelta(days=8), draft.storage_key
    fresh = store(File("new.txt", "text/plain", b"y"), by=acme.staff.actor)
    db.session.commit()
    kept = fresh.id
    housekeeping.tidy()
    run_due()
    with acting_for(acme.id):
        assert db.session.scalars(sa.select(Attachment.id)).all() == [kept]
    assert not (app.extensions["storage"].root / key).exists()
