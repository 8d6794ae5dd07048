"""Full-text search: the words of tickets, each behind its organisation's mark."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A tsvector in its text form is 'lexeme':1A,5 with quotes and backslashes doubled.
DOCUMENT = r"""
CREATE FUNCTION search_document(mark text, plain tsvector) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
  SELECT coalesce(string_agg(
    '''' || mark || replace(replace(lexeme, '\', '\\'), '''', '''''') || ''':'
    || (SELECT string_agg(place::text || weight, ',') FROM unnest(positions, weights) AS at(place, weight)),
    ' ')::tsvector, ''::tsvector)
  FROM unnest(plain)
)
"""


def upgrade() -> None:
    # No row-level security: under it, no index may answer @@ (the operator is not leakproof). The table holds
    # lexemes only, and what is found in it is joined to tickets, which is protected.
    op.create_table(
        "ticket_search",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("document", postgresql.TSVECTOR(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "ticket_id"],
            ["tickets.tenant_id", "tickets.id"],
            name=op.f("fk_ticket_search_tenant_id_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "ticket_id", name=op.f("pk_ticket_search")),
    )
    op.create_index(
        "ix_ticket_search_document", "ticket_search", ["document"], unique=False, postgresql_using="gin"
    )
    op.execute(DOCUMENT)


def downgrade() -> None:
    op.execute("DROP FUNCTION search_document(text, tsvector)")
    op.drop_index("ix_ticket_search_document", table_name="ticket_search", postgresql_using="gin")
    op.drop_table("ticket_search")
