"""What the dashboard asks for: tickets by when they were resolved, mail by address."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_tickets_resolved",
        "tickets",
        ["tenant_id", "resolved_at"],
        unique=False,
        postgresql_where=sa.text("resolved_at IS NOT NULL"),
    )
    op.create_index(
        "ix_inbound_messages_mailbox",
        "inbound_messages",
        ["tenant_id", "mailbox_id", "received_at"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_inbound_messages_mailbox", table_name="inbound_messages")
    op.drop_index("ix_tickets_resolved", table_name="tickets")
