"""Which columns the portal's database role may read of facts packages, digests and events.

A migration grants exactly these; `visibility` asks for no other.
"""

PACKAGE_COLUMNS = (
    "id",
    "involvement_id",
    "partner_id",
    "reference",
    "stage",
    "text",
    "services",
    "began_at",
    "ended_at",
    "downtime_minutes",
    "clients",
    "clients_share",
    "transactions",
    "transactions_share",
    "value_eur",
    "is_estimate",
    "handed_at",
)
DIGEST_COLUMNS = ("id", "partner_id", "reference", "month", "sent_at")
LINE_COLUMNS = (
    "id",
    "digest_id",
    "partner_id",
    "involvement_id",
    "reference",
    "title",
    "meaning",
    "began_at",
    "over_at",
)
EVENT_COLUMNS = (
    "id",
    "partner_id",
    "involvement_id",
    "number",
    "key",
    "kind",
    "at",
    "data",
    "tlp",
    "reader_ids",
)
