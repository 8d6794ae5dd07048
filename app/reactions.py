"""What follows an event. Read this file to know every side effect there is."""

from app.events import EventKind, on  # noqa: F401
