"""What the database itself promises of actions, controls and problems, and the words of lessons."""

from django.db import migrations, models

from incidentdesk.kernel import database

REFERENCE = """
CREATE FUNCTION reviews_problem_reference(year int) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
-- One sequence a year, as incidents have it.
DECLARE name text := format('reviews_problem_%s', year); number text;
BEGIN
    IF to_regclass(name) IS NULL THEN
        BEGIN
            EXECUTE format('CREATE SEQUENCE %I', name);
        EXCEPTION WHEN unique_violation OR duplicate_table THEN NULL;
        END;
    END IF;
    number := nextval(name);
    RETURN format('PRB-%s-%s', year, lpad(number, greatest(4, length(number)), '0'));
END $$;
REVOKE ALL ON FUNCTION reviews_problem_reference(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reviews_problem_reference(int) TO {app};
CREATE FUNCTION reviews_guard_problem() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.reference := reviews_problem_reference(
            extract(year FROM NEW.opened_at AT TIME ZONE 'UTC')::int);
    ELSIF NEW.reference <> OLD.reference THEN
        RAISE EXCEPTION 'The reference of a problem never changes.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_problem BEFORE INSERT OR UPDATE OF reference ON reviews_problem
    FOR EACH ROW EXECUTE FUNCTION reviews_guard_problem();
"""
REFERENCE_BACK = """
DROP TRIGGER guard_problem ON reviews_problem;
DROP FUNCTION reviews_guard_problem();
DROP FUNCTION reviews_problem_reference(int);
"""
WORDS = """
CREATE FUNCTION reviews_lesson_words(said text, tags varchar[]) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT public.cases_words(said || ' ' || array_to_string(tags, ' '))
$$;
-- Not a column of the model: it is searched and never read.
ALTER TABLE reviews_lesson ADD COLUMN words tsvector
    GENERATED ALWAYS AS (reviews_lesson_words(text, tags)) STORED;
CREATE INDEX lesson_words ON reviews_lesson USING gin (words);
"""
WORDS_BACK = """
ALTER TABLE reviews_lesson DROP COLUMN words;
DROP FUNCTION reviews_lesson_words(text, varchar[]);
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0021_learning_data"), ("cases", "0290_signing_secrets")]

    operations = [
        migrations.AddConstraint(
            model_name="controlcheck",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("control__isnull", False), ("verdict", "missing"), _connector="OR"
                ),
                name="control_is_in_the_register_or_missing",
            ),
        ),
        migrations.AddConstraint(
            model_name="preventiveaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at", None),
                        ("ended_by", None),
                        ("state__in", ("agreed", "in_progress")),
                    ),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("state__in", ["done", "verified", "dropped"]),
                        ("ended_by__isnull", False),
                        models.Q(("note", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="action_ended_by_someone_with_a_note",
            ),
        ),
        migrations.AddConstraint(
            model_name="preventiveaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("state", "verified"),
                        ("verified_at__isnull", False),
                        ("verified_by__isnull", False),
                        models.Q(("evidence", ""), _negated=True),
                    ),
                    models.Q(
                        models.Q(("state", "verified"), _negated=True),
                        ("evidence", ""),
                        ("verified_at", None),
                        ("verified_by", None),
                    ),
                    _connector="OR",
                ),
                name="action_verified_by_someone_with_evidence",
            ),
        ),
        migrations.AddConstraint(
            model_name="preventiveaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("verified_by", None),
                    models.Q(
                        models.Q(("verified_by", models.F("owner")), _negated=True),
                        models.Q(("verified_by", models.F("ended_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="action_verified_by_a_second_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="preventiveaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("priority__range", (1, 3))), name="action_priority"
            ),
        ),
        database.statement(REFERENCE, REFERENCE_BACK),
        database.statement(WORDS, WORDS_BACK),
        database.append_only("reviews_controlevent"),
        database.append_only("reviews_postponement"),
        database.append_only("reviews_noproblem"),
    ]
