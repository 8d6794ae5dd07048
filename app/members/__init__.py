"""Who belongs to an organisation: invitations, roles, queues, and leaving."""
