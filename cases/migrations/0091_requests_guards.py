"""What belongs to a request belongs to its partner, and the portal reads what is its own."""

from django.db import migrations

from incidentdesk.kernel import database

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
FILE_COLUMNS = ("id", "partner_id", "key", "name", "size", "sha256", "added_at", "step_id")

# Rows of two tables that stand for one partner: the name of the other and the column that leads
# there are given to the trigger, in pairs.
SAME_PARTNER = """
CREATE FUNCTION cases_same_partner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE parent bigint; theirs bigint;
BEGIN
    FOR place IN 0 .. TG_NARGS - 1 BY 2 LOOP
        parent := (to_jsonb(NEW) ->> TG_ARGV[place + 1])::bigint;
        IF parent IS NOT NULL THEN
            EXECUTE format('SELECT partner_id FROM %I WHERE id = $1', TG_ARGV[place])
                INTO theirs USING parent;
            IF theirs IS DISTINCT FROM NEW.partner_id THEN
                RAISE EXCEPTION 'This belongs to another partner.'
                    USING ERRCODE = 'check_violation';
            END IF;
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER same_partner BEFORE INSERT ON cases_request FOR EACH ROW
    EXECUTE FUNCTION cases_same_partner('cases_involvement', 'involvement_id');
CREATE TRIGGER same_partner BEFORE INSERT ON cases_requeststep FOR EACH ROW
    EXECUTE FUNCTION cases_same_partner('cases_request', 'request_id');
CREATE TRIGGER same_partner BEFORE INSERT ON cases_sharedfile FOR EACH ROW
    EXECUTE FUNCTION cases_same_partner('cases_requeststep', 'step_id');
"""
BACK = """
DROP TRIGGER same_partner ON cases_sharedfile;
DROP TRIGGER same_partner ON cases_requeststep;
DROP TRIGGER same_partner ON cases_request;
DROP FUNCTION cases_same_partner();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0090_requests")]

    operations = [
        database.statement(SAME_PARTNER, BACK),
        database.append_only("cases_requestevent"),
        database.append_only("cases_requeststep"),
        database.append_only("cases_sharedfile"),
        database.portal_reads("cases_request", REQUEST_COLUMNS),
        database.portal_reads("cases_requeststep", STEP_COLUMNS),
        database.portal_reads("cases_sharedfile", FILE_COLUMNS),
    ]
