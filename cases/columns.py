"""Which columns the portal's database role may read; others are not granted to it.

Migrations grant exactly these, and `visibility` asks for no other.
"""

INVOLVEMENT_COLUMNS = (
    "id",
    "partner_id",
    "reference",
    "title",
    "meaning",
    "severity",
    "started_at",
    "phase",
    "phase_times",
    "disclosed_at",
    "recovery_confirmed_at",
    "recovery_confirmed_by",
    "is_exercise",
    "continued_as",
)
COPY_COLUMNS = (
    "id",
    "involvement_id",
    "partner_id",
    "kind",
    "body",
    "tlp",
    "next_update_at",
    "sent_at",
    "acknowledged_at",
    "acknowledged_by",
    "is_emergency",
    "reader_ids",
)
RECEIPT_COLUMNS = ("id", "copy_id", "user_id")
REPORT_COLUMNS = (
    "id",
    "partner_id",
    "reference",
    "title",
    "description",
    "category_id",
    "certainty",
    "happened_at",
    "noticed_at",
    "reported_at",
    "reporter",
    "state",
    "answer",
    "shown_as",
)
DRAFT_COLUMNS = (
    "id",
    "partner_id",
    "user_id",
    "title",
    "description",
    "category",
    "certainty",
    "noticed_at",
    "happened_at",
    "saved_at",
)
REQUEST_COLUMNS = (
    "id",
    "involvement_id",
    "partner_id",
    "reference",
    "question",
    "why",
    "state",
    "asked_at",
    "due_at",
    "answered_at",
    "was_late",
    "extension_until",
    "extension_reason",
    "settled_at",
)
STEP_COLUMNS = (
    "id",
    "request_id",
    "partner_id",
    "kind",
    "text",
    "until",
    "at",
    "is_ours",
    "author",
)
REMARK_COLUMNS = ("id", "involvement_id", "partner_id", "text", "at", "is_ours", "author")
PROCEDURE_COLUMNS = (
    "id",
    "partner_id",
    "reference",
    "title",
    "version",
    "scope",
    "link",
    "valid_until",
    "attested_by",
    "kept_at",
    "keeper",
    "ended_at",
)
FRAMEWORK_COLUMNS = ("id", "number", "text", "changed", "in_force_at")
READING_COLUMNS = ("id", "partner_id", "framework_id", "name", "at")
FILE_COLUMNS = (
    "id",
    "partner_id",
    "key",
    "name",
    "size",
    "sha256",
    "added_at",
    "step_id",
    "remark_id",
    "procedure_id",
    "report_id",
)
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
