"""Why an organisation is suspended; indexes of the mail desk's lists."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "organisations", sa.Column("suspended_because", sa.Text(), server_default="", nullable=False)
    )
    op.create_index("ix_inbound_messages_received", "inbound_messages", ["tenant_id", "received_at"])
    op.create_index("ix_outbound_messages_created", "outbound_messages", ["tenant_id", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_outbound_messages_created", "outbound_messages")
    op.drop_index("ix_inbound_messages_received", "inbound_messages")
    op.drop_column("organisations", "suspended_because")
