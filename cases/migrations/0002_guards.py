"""What the database itself refuses: a phase out of order, a timeline that can be changed, and rows
that a partner has no business with."""

from django.db import migrations

from incidentdesk.kernel import database

# As they were then; a later column is granted by the migration that adds it.
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
)

REFERENCE = """
CREATE FUNCTION cases_reference(year int) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
-- One sequence a year: unique and in order, and opening never queues behind a counter.
DECLARE name text := format('cases_reference_%s', year); number text;
BEGIN
    IF to_regclass(name) IS NULL THEN
        BEGIN
            EXECUTE format('CREATE SEQUENCE %I', name);
        EXCEPTION WHEN unique_violation OR duplicate_table THEN NULL;
        END;
    END IF;
    number := nextval(name);  -- lpad would cut the number of the ten thousandth
    RETURN format('INC-%s-%s', year, lpad(number, greatest(4, length(number)), '0'));
END $$;
REVOKE ALL ON FUNCTION cases_reference(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_reference(int) TO {app};
"""

PHASES = """
CREATE FUNCTION cases_guard_incident() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.phase <> 'identification' THEN
            RAISE EXCEPTION 'An incident begins in identification, not in %.', NEW.phase
                USING ERRCODE = 'check_violation';
        END IF;
        NEW.reference := cases_reference(extract(year FROM NEW.opened_at AT TIME ZONE 'UTC')::int);
    ELSE
        IF NEW.reference <> OLD.reference THEN
            RAISE EXCEPTION 'The reference of an incident never changes.'
                USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.phase <> OLD.phase AND (OLD.phase, NEW.phase) NOT IN (
            ('identification', 'containment'), ('containment', 'mitigation'),
            ('mitigation', 'recovery'), ('recovery', 'review'), ('review', 'closed'),
            ('containment', 'identification'), ('mitigation', 'containment'),
            ('recovery', 'mitigation'), ('review', 'recovery'),
            ('identification', 'dismissed'), ('containment', 'dismissed'),
            ('mitigation', 'dismissed'),
            ('closed', 'review'), ('dismissed', 'identification')
        ) THEN
            RAISE EXCEPTION 'An incident does not go from % to %.', OLD.phase, NEW.phase
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_incident BEFORE INSERT OR UPDATE OF phase, reference ON cases_incident
    FOR EACH ROW EXECUTE FUNCTION cases_guard_incident();
"""

CHAIN = """
CREATE FUNCTION cases_chain_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
-- Numbers an entry and chains it to the one before. The hash is over a digest of the salted body.
DECLARE covered text;
BEGIN
    INSERT INTO cases_timelinehead AS head (incident_id, sequence, hash)
        VALUES (NEW.incident_id, 1, '')
        ON CONFLICT (incident_id) DO UPDATE SET sequence = head.sequence + 1
        RETURNING sequence, hash INTO NEW.sequence, NEW.previous_hash;
    NEW.recorded_at := clock_timestamp();
    NEW.salt := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
    NEW.body_digest := encode(sha256(convert_to(NEW.salt || NEW.body, 'UTF8')), 'hex');
    covered := json_build_array(
        NEW.incident_id, NEW.sequence,
        to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        NEW.kind, NEW.actor, NEW.user_id, NEW.partner_id, NEW.body_digest, NEW.previous_hash
    )::text;
    NEW.hash := encode(sha256(convert_to(covered, 'UTF8')), 'hex');
    UPDATE cases_timelinehead SET hash = NEW.hash WHERE incident_id = NEW.incident_id;
    RETURN NEW;
END $$;
CREATE TRIGGER chain_entry BEFORE INSERT ON cases_entry
    FOR EACH ROW EXECUTE FUNCTION cases_chain_entry();
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON cases_timelinehead FROM {app};
"""

# What existed then; 0040 grants what came later.
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
)
REPORT_COLUMNS = (
    "id",
    "partner_id",
    "reference",
    "title",
    "description",
    "category_id",
    "happened_at",
    "noticed_at",
    "reported_at",
    "reporter",
    "state",
    "answer",
)


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]

    operations = [
        database.statement(REFERENCE, "DROP FUNCTION cases_reference(int)"),
        database.statement(
            PHASES,
            "DROP TRIGGER guard_incident ON cases_incident; DROP FUNCTION cases_guard_incident()",
        ),
        database.statement(
            CHAIN,
            "DROP TRIGGER chain_entry ON cases_entry; DROP FUNCTION cases_chain_entry();"
            "GRANT INSERT, UPDATE, DELETE ON cases_timelinehead TO {app}",
        ),
        database.append_only("cases_entry"),
        database.append_only("cases_move"),
        database.append_only("cases_statement"),
        database.portal_reads(
            "cases_involvement",
            INVOLVEMENT_COLUMNS,
            also="disclosed_at IS NOT NULL",
        ),
        database.portal_reads("cases_noticecopy", COPY_COLUMNS, also="sent_at IS NOT NULL"),
        database.portal_reads("cases_report", REPORT_COLUMNS),
        database.statement(
            "GRANT SELECT ON cases_category TO {portal}",
            "REVOKE SELECT ON cases_category FROM {portal}",
        ),
    ]
