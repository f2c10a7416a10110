"""What the database itself refuses of a drill and of a merge; who commands has an assignment."""

from django.db import migrations

from incidentdesk.kernel import database

GUARD = """
CREATE FUNCTION cases_guard_lifecycle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE target record;
BEGIN
    IF (NEW.is_exercise, NEW.exercise_pages, NEW.exercise_tells)
        IS DISTINCT FROM (OLD.is_exercise, OLD.exercise_pages, OLD.exercise_tells) THEN
        RAISE EXCEPTION 'What is an exercise stays one, as it was declared.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.split_from_id IS DISTINCT FROM OLD.split_from_id THEN
        RAISE EXCEPTION 'What an incident was split from never changes.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.duplicate_of_id IS NOT NULL
        AND NEW.duplicate_of_id IS DISTINCT FROM OLD.duplicate_of_id THEN
        -- Locked, so that the target is neither merged nor closed meanwhile: no circle, no chain.
        SELECT phase, is_exercise, is_restricted INTO target FROM cases_incident
            WHERE id = NEW.duplicate_of_id FOR NO KEY UPDATE;
        IF target.phase IN ('closed', 'dismissed') THEN
            RAISE EXCEPTION 'An incident is merged into an open one only.'
                USING ERRCODE = 'check_violation';
        END IF;
        IF target.is_exercise <> NEW.is_exercise OR (NEW.is_restricted AND NOT target.is_restricted)
        THEN
            RAISE EXCEPTION 'A drill is not merged with what is real, nor is what is restricted'
                ' merged into what everybody reads.' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_lifecycle
    BEFORE UPDATE OF is_exercise, exercise_pages, exercise_tells, split_from_id, duplicate_of_id
    ON cases_incident FOR EACH ROW EXECUTE FUNCTION cases_guard_lifecycle();
"""

# From here on the commander is an assignment like the others; those of before get theirs.
COMMANDERS = """
INSERT INTO cases_assignment
    (incident_id, role, user_id, note, offered_at, offered_by_id, accepted_at)
SELECT id, 'commander', commander_id, '', opened_at, commander_id,
    coalesce(acknowledged_at, opened_at)
FROM cases_incident AS i
WHERE commander_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM cases_assignment AS a
    WHERE a.incident_id = i.id AND a.role = 'commander' AND a.ended_at IS NULL
)
"""

SHOWN = "is_exercise, continued_as"


class Migration(migrations.Migration):
    dependencies = [("cases", "0050_lifecycle")]

    operations = [
        database.statement(
            GUARD,
            "DROP TRIGGER guard_lifecycle ON cases_incident; DROP FUNCTION cases_guard_lifecycle()",
        ),
        database.statement(COMMANDERS, "SELECT 1"),
        database.statement(
            f"GRANT SELECT ({SHOWN}) ON cases_involvement TO {{portal}}",
            f"REVOKE SELECT ({SHOWN}) ON cases_involvement FROM {{portal}}",
        ),
    ]
