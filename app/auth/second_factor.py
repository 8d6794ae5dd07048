"""A user's second factor: set up, asked for, given back. Every code is good once, however many come at a time."""

import io
import time

import segno
import sqlalchemy as sa
from markupsafe import Markup

from app.auth import codes, sessions, throttling
from app.auth.models import RecoveryCode, SecondFactor, User
from app.auth.sealing import key_for, seal, unseal
from app.extensions import db, new_id, now

ISSUER = "WorkTrackr"
PURPOSE = "second factor"


class WrongCode(Exception):
    """Not the code, not yet one, or used before; which, nobody is told."""


def begin(user: User) -> str:
    """The secret to put into an app: the one begun already, so that a reload does not void what was scanned."""
    factor = db.session.get(SecondFactor, user.id)
    if factor is None:
        factor = SecondFactor(user_id=user.id, sealed_secret=seal(codes.new_secret(), PURPOSE))
        db.session.add(factor)
        db.session.flush()
    if factor.confirmed_at is not None:
        raise LookupError("this user has a second factor already")
    return unseal(factor.sealed_secret, PURPOSE)


def confirm(user: User, code: str) -> list[str]:
    """Put the second factor in force by a first code. Answers the recovery codes, which exist nowhere else.

    Every other session of the user ends: they were begun without the second factor. Raises WrongCode or Throttled.
    """
    throttling.count_code(user.id)
    factor = db.session.get_one(SecondFactor, user.id, with_for_update=True)
    if factor.confirmed_at is not None:
        raise WrongCode
    _use_counter(factor, code)
    factor.confirmed_at = user.second_factor_at = now()
    sessions.end_others(user)
    return renew_recovery_codes(user)


def check(user: User, code: str) -> None:
    """Use up a code of the user's, from the app or a recovery code. Raises WrongCode or Throttled."""
    throttling.count_code(user.id)
    factor = db.session.get(SecondFactor, user.id)
    if factor is None or factor.confirmed_at is None:
        raise WrongCode
    try:
        _use_counter(factor, code)
    except WrongCode:
        _use_recovery_code(user, code)
    throttling.forgive_code(user.id)


def give_up(user: User) -> None:
    """Back to the password alone; the secret and the recovery codes are gone."""
    db.session.execute(sa.delete(SecondFactor).where(SecondFactor.user_id == user.id))
    db.session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    user.second_factor_at = None


def renew_recovery_codes(user: User) -> list[str]:
    """Ten new recovery codes; the old ones stop working."""
    db.session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    fresh = codes.new_recovery_codes()
    hashes = (_recovery_hash(user, code) for code in fresh)
    db.session.add_all(RecoveryCode(id=new_id(), user_id=user.id, code_hash=each) for each in hashes)
    return fresh


def recovery_codes_left(user: User) -> int:
    """How many recovery codes are unused."""
    unused = sa.select(sa.func.count()).where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(unused) or 0


def picture(secret: str, email: str) -> Markup:
    """The QR code as an inline SVG, dark on white in any theme: cameras want it so."""
    out = io.BytesIO()
    code = segno.make(codes.address(secret, email, ISSUER), error="m", micro=False)
    code.save(out, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=False, svgclass="qr")
    return Markup(out.getvalue().decode())  # noqa: S704  (made of squares, nothing of the address is in it)


def _use_counter(factor: SecondFactor, code: str) -> None:
    """Accept a code by moving on the last counter; of the same code twice at once, one moves it."""
    secret = unseal(factor.sealed_secret, PURPOSE)
    counter = codes.counter_of(secret, code, time.time(), factor.last_counter)
    if counter is None:
        raise WrongCode
    moved = (
        sa.update(SecondFactor)
        .where(SecondFactor.user_id == factor.user_id, SecondFactor.last_counter < counter)
        .values(last_counter=counter)
    )
    if db.session.scalar(moved.returning(SecondFactor.user_id)) is None:
        raise WrongCode


def _use_recovery_code(user: User, code: str) -> None:
    used = (
        sa.update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.code_hash == _recovery_hash(user, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now())
    )
    if db.session.scalar(used.returning(RecoveryCode.id)) is None:
        raise WrongCode


def _recovery_hash(user: User, code: str) -> str:
    return codes.recovery_hash(key_for("recovery codes") + user.id.bytes, code)
