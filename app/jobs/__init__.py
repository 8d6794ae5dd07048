"""Work that happens after the answer: rows in PostgreSQL, which is the truth, hurried along by a bell in Redis.

`later(fn, *ids)` writes the row in the caller's transaction; the envelope in `app.jobs.running` runs it.
"""

from app.jobs.outbox import Job, JobState, Lane, Work, cancel, job, later, registry
from app.jobs.running import TryAgain, checkpoint, drain, run_due

__all__ = [
    "Job",
    "JobState",
    "Lane",
    "TryAgain",
    "Work",
    "cancel",
    "checkpoint",
    "drain",
    "job",
    "later",
    "registry",
    "run_due",
]
