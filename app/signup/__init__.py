"""Opening an organisation, by a stranger who registers or by a user who has others already."""

from app.signup.opening import (
    add_member,
    add_queue,
    free_slug,
    open_organisation,
)

__all__ = ["add_member", "add_queue", "free_slug", "open_organisation"]
