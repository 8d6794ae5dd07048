"""Notifications, who watches which ticket, and how members want to be told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TENANT_OWNED = ("notification_preferences", "notifications", "ticket_watchers")


def secure() -> None:
    """Row-level security, also for the tables' owner; without a tenant set, every statement raises."""
    rule = "tenant_id = current_setting('app.tenant_id')::uuid"
    for table in TENANT_OWNED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({rule}) WITH CHECK ({rule})")


def upgrade() -> None:
    op.create_table(
        "notification_preferences",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("choices", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "digest",
            sa.Enum("at_once", "hourly", "daily", name="digest", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("digest_at", sa.Time(), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("mail_stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["memberships.tenant_id", "memberships.id"],
            name=op.f("fk_notification_preferences_tenant_id_membership_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["organisations.id"], name=op.f("fk_notification_preferences_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_notification_preferences")),
        sa.UniqueConstraint(
            "tenant_id", "membership_id", name=op.f("uq_notification_preferences_tenant_id_membership_id")
        ),
    )
    op.create_table(
        "ticket_watchers",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["memberships.tenant_id", "memberships.id"],
            name=op.f("fk_ticket_watchers_tenant_id_membership_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ticket_id"],
            ["tickets.tenant_id", "tickets.id"],
            name=op.f("fk_ticket_watchers_tenant_id_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["organisations.id"], name=op.f("fk_ticket_watchers_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_ticket_watchers")),
        sa.UniqueConstraint(
            "tenant_id",
            "ticket_id",
            "membership_id",
            name=op.f("uq_ticket_watchers_tenant_id_ticket_id_membership_id"),
        ),
    )
    op.create_index(
        "ix_ticket_watchers_member", "ticket_watchers", ["tenant_id", "membership_id"], unique=False
    )
    op.create_table(
        "notifications",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "mention",
                "assigned",
                "answer",
                "undelivered",
                "new_ticket",
                "watched",
                name="reason",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("fold", sa.Uuid(), nullable=False),
        sa.Column("is_shown", sa.Boolean(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "mail",
            sa.Enum(
                "none",
                "waiting",
                "written",
                "seen",
                "dropped",
                name="mailstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("mail_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outbound_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "event_id"],
            ["events.tenant_id", "events.id"],
            name=op.f("fk_notifications_tenant_id_event_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["memberships.tenant_id", "memberships.id"],
            name=op.f("fk_notifications_tenant_id_membership_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "outbound_id"],
            ["outbound_messages.tenant_id", "outbound_messages.id"],
            name=op.f("fk_notifications_tenant_id_outbound_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ticket_id"],
            ["tickets.tenant_id", "tickets.id"],
            name=op.f("fk_notifications_tenant_id_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["organisations.id"], name=op.f("fk_notifications_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_notifications")),
        sa.UniqueConstraint(
            "tenant_id",
            "event_id",
            "membership_id",
            name=op.f("uq_notifications_tenant_id_event_id_membership_id"),
        ),
    )
    op.create_index("ix_notifications_fold", "notifications", ["tenant_id", "fold"], unique=False)
    op.create_index(
        "ix_notifications_member", "notifications", ["tenant_id", "membership_id", "id"], unique=False
    )
    op.create_index("ix_notifications_outbound", "notifications", ["tenant_id", "outbound_id"], unique=False)
    op.create_index("ix_notifications_ticket", "notifications", ["tenant_id", "ticket_id"], unique=False)
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["tenant_id", "membership_id", "ticket_id"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_index(
        "ix_notifications_waiting",
        "notifications",
        ["tenant_id", "membership_id", "mail_due_at"],
        unique=False,
        postgresql_where=sa.text("mail = 'waiting'"),
    )

    secure()


def downgrade() -> None:
    op.drop_index(
        "ix_notifications_waiting", table_name="notifications", postgresql_where=sa.text("mail = 'waiting'")
    )
    op.drop_index(
        "ix_notifications_unread", table_name="notifications", postgresql_where=sa.text("read_at IS NULL")
    )
    op.drop_index("ix_notifications_ticket", table_name="notifications")
    op.drop_index("ix_notifications_outbound", table_name="notifications")
    op.drop_index("ix_notifications_member", table_name="notifications")
    op.drop_index("ix_notifications_fold", table_name="notifications")
    op.drop_table("notifications")
    op.drop_index("ix_ticket_watchers_member", table_name="ticket_watchers")
    op.drop_table("ticket_watchers")
    op.drop_table("notification_preferences")
