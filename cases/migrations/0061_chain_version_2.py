"""The chain's second version: it covers when an entry was recorded and which one it corrects.

Entries that are there keep the version under which they were chained.
"""

from importlib import import_module

from django.db import migrations

from incidentdesk.kernel import database

CHAIN = """
CREATE OR REPLACE FUNCTION cases_chain_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
-- Numbers an entry and chains it to the one before. The hash is over a digest of the salted body.
-- An entry that blanks another takes that one's text and salt out; its digest stays.
DECLARE covered text;
BEGIN
    INSERT INTO cases_timelinehead AS head (incident_id, sequence, hash)
        VALUES (NEW.incident_id, 1, '')
        ON CONFLICT (incident_id) DO UPDATE SET sequence = head.sequence + 1
        RETURNING sequence, hash INTO NEW.sequence, NEW.previous_hash;
    NEW.version := 2;
    NEW.recorded_at := clock_timestamp();
    NEW.salt := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
    NEW.body_digest := encode(sha256(convert_to(NEW.salt || NEW.body, 'UTF8')), 'hex');
    covered := json_build_array(
        NEW.version, NEW.incident_id, NEW.sequence,
        to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        to_char(NEW.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        NEW.kind, NEW.actor, NEW.user_id, NEW.partner_id, NEW.corrects,
        NEW.body_digest, NEW.previous_hash
    )::text;
    NEW.hash := encode(sha256(convert_to(covered, 'UTF8')), 'hex');
    UPDATE cases_timelinehead SET hash = NEW.hash WHERE incident_id = NEW.incident_id;
    IF NEW.kind = 'blanking' THEN
        UPDATE cases_entry SET body = '', salt = ''
            WHERE incident_id = NEW.incident_id AND sequence = NEW.corrects;
    END IF;
    RETURN NEW;
END $$;
"""

REFUSE = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM cases_entry WHERE version > 1) THEN
        RAISE EXCEPTION 'The timeline holds entries of version 2, which the former program cannot '
            'verify; restore a backup from before the upgrade instead of going back.';
    END IF;
END $$;
"""
_guards = import_module("cases.migrations.0002_guards")
FORMER = _guards.CHAIN[: _guards.CHAIN.index("END $$;") + len("END $$;")].replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)


class Migration(migrations.Migration):
    dependencies = [("cases", "0060_entries_and_checkpoints")]

    operations = [
        database.statement(CHAIN, REFUSE + FORMER),
        *(database.append_only(f"cases_{table}") for table in ("checkpoint", "checkpointhead")),
    ]
