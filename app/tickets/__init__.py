"""Tickets, comments, contacts, queues, statuses and tags."""
