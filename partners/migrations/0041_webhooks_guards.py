"""What the portal may read of webhooks: its own partner's, no secret; of messages and their log,
those alone that went to them, and none of their words.
"""

from django.db import migrations

from incidentdesk.kernel import database

WEBHOOK = ("id", "partner_id", "url", "events", "former_until", "added_at", "adder", "off_since")
DELIVERY = (
    "id",
    "partner_id",
    "webhook_id",
    "message_id",
    "key",
    "event_id",
    "event_type",
    "reference",
    "asked_by",
    "at",
)
MESSAGE = "id, state, attempts, created_at, next_try_at, sent_at"
LINE = "id, message_id, at, event, detail"


def delivered(table: str, message: str, columns: str) -> database.Statement:
    """The portal's role reads `columns` of what went to its partner's webhooks."""
    return database.statement(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        CREATE POLICY application ON {table} TO {{app}} USING (true) WITH CHECK (true);
        CREATE POLICY own_deliveries ON {table} FOR SELECT TO {{portal}}
            USING ({message} IN (SELECT message_id FROM partners_delivery));
        GRANT SELECT ({columns}) ON {table} TO {{portal}};
        """,
        f"""
        REVOKE ALL ON {table} FROM {{portal}};
        DROP POLICY own_deliveries ON {table};
        DROP POLICY application ON {table};
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
        """,
    )


class Migration(migrations.Migration):
    dependencies = [("partners", "0040_webhooks"), ("notifications", "0003_defaults")]

    operations = [
        database.portal_reads("partners_webhook", WEBHOOK),
        database.portal_reads("partners_delivery", DELIVERY),
        database.append_only("partners_delivery"),
        delivered("notifications_message", "id", MESSAGE),
        delivered("notifications_messageevent", "message_id", LINE),
        database.statement(
            "REVOKE DELETE, TRUNCATE ON partners_webhook FROM {app}",
            "GRANT DELETE ON partners_webhook TO {app}",
        ),
    ]
