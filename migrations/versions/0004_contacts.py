"""Contacts are merged, annotated and listed by when they were last heard of."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contacts", sa.Column("notes", sa.Text(), server_default="", nullable=False))
    op.add_column("contacts", sa.Column("merged_into_id", sa.Uuid(), nullable=True))
    op.add_column(
        "contacts",
        sa.Column(
            "last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
    )
    seen = sa.text(
        "UPDATE contacts SET last_seen_at = coalesce((SELECT max(created_at) FROM comments WHERE comments.tenant_id"
        " = contacts.tenant_id AND comments.contact_id = contacts.id), contacts.created_at)"
    )
    connection = op.get_bind()
    for organisation_id in connection.scalars(sa.text("SELECT id FROM organisations")).all():
        connection.execute(
            sa.text("SELECT set_config('app.tenant_id', :id, true)"), {"id": str(organisation_id)}
        )
        connection.execute(seen)
    op.create_index("ix_contacts_merged", "contacts", ["tenant_id", "merged_into_id"], unique=False)
    op.create_index("ix_contacts_seen", "contacts", ["tenant_id", "last_seen_at"], unique=False)
    # PostgreSQL checks the rows that are there, which row-level security refuses without a tenant. All are null.
    op.execute("SELECT set_config('app.tenant_id', '00000000-0000-0000-0000-000000000000', true)")
    op.create_foreign_key(
        op.f("fk_contacts_tenant_id_merged_into_id"),
        "contacts",
        "contacts",
        ["tenant_id", "merged_into_id"],
        ["tenant_id", "id"],
    )
    op.execute("SELECT set_config('app.tenant_id', '', true)")


def downgrade() -> None:
    op.drop_constraint(op.f("fk_contacts_tenant_id_merged_into_id"), "contacts", type_="foreignkey")
    op.drop_index("ix_contacts_seen", table_name="contacts")
    op.drop_index("ix_contacts_merged", table_name="contacts")
    op.drop_column("contacts", "last_seen_at")
    op.drop_column("contacts", "merged_into_id")
    op.drop_column("contacts", "notes")
