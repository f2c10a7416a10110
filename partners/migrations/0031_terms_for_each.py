"""Every partner has contract terms: those that are there now, and each that is added."""

from django.db import migrations

from incidentdesk.kernel import database

GIVE = """
INSERT INTO partners_terms (partner_id) SELECT id FROM partners_partner;
CREATE FUNCTION partners_give_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO partners_terms (partner_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    RETURN NEW;
END $$;
CREATE TRIGGER give_terms AFTER INSERT ON partners_partner
    FOR EACH ROW EXECUTE FUNCTION partners_give_terms();
"""


class Migration(migrations.Migration):
    dependencies = [("partners", "0030_terms")]

    operations = [
        database.statement(
            GIVE,
            "DROP TRIGGER give_terms ON partners_partner; DROP FUNCTION partners_give_terms();"
            "DELETE FROM partners_terms;",
        ),
    ]
