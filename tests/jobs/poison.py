"""A worker for a process of its own, that takes one job and dies in the middle of it."""

import os

from app import create_app
from app.jobs import Lane, drain, job
from config import Config


def die(word: str) -> None:
    os._exit(9)


def main() -> None:
    job(lane=Lane.BULK, attempts=2)(die)
    with create_app(Config.from_environment()).app_context():
        drain("bulk", 5)
