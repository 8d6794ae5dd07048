"""Checks of addresses by a mail there and back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "address_checks",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("mailbox_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("asker", postgresql.JSONB(), nullable=False),
        sa.Column("fault", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("received_at", sa.DateTime(timezone=True)),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["organisations.id"], name=op.f("fk_address_checks_tenant_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "mailbox_id"],
            ["mailboxes.tenant_id", "mailboxes.id"],
            name=op.f("fk_address_checks_tenant_id_mailbox_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_address_checks")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("uq_address_checks_tenant_id_code")),
    )
    op.create_index("ix_address_checks_mailbox", "address_checks", ["tenant_id", "mailbox_id", "created_at"])
    op.execute("ALTER TABLE address_checks ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE address_checks FORCE ROW LEVEL SECURITY")
    own = "tenant_id = current_setting('app.tenant_id')::uuid"
    op.execute(f"CREATE POLICY tenant ON address_checks FOR ALL USING ({own}) WITH CHECK ({own})")


def downgrade() -> None:
    op.drop_table("address_checks")
