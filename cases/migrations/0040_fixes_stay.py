"""Approved fixes stay as they were approved; a confirmed recovery names who confirmed it."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0033_work_guards"),
        ("partners", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="fix",
            trigger=pgtrigger.compiler.Trigger(
                name="approved_fix_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.approved_at IS NOT NULL AND (OLD.kind, OLD.text, OLD.change_reference, OLD.test_evidence, OLD.rollback_plan, OLD.expires_on, OLD.proposed_at, OLD.proposed_by_id, OLD.approved_at, OLD.approved_by_id) IS DISTINCT FROM (NEW.kind, NEW.text, NEW.change_reference, NEW.test_evidence, NEW.rollback_plan, NEW.expires_on, NEW.proposed_at, NEW.proposed_by_id, NEW.approved_at, NEW.approved_by_id))",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="826f68526d6a6a735457205cd0c65ac96c6f2ecc",
                    operation="UPDATE",
                    pgid="pgtrigger_approved_fix_stays_f87e7",
                    table="cases_fix",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="fix",
            trigger=pgtrigger.compiler.Trigger(
                name="fix_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="4fd58d775d2774873909ba585423d58f4257bfc2",
                    operation="DELETE",
                    pgid="pgtrigger_fix_stays_a68a2",
                    table="cases_fix",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="fix",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("replaced_by", None),
                    models.Q(
                        ("kind", "temporary"),
                        ("state", "replaced"),
                        models.Q(("replaced_by", models.F("id")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="fix_replaced_only_if_temporary",
            ),
        ),
        migrations.AddConstraint(
            model_name="fix",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "replaced"), _negated=True),
                    ("replaced_by__isnull", False),
                    _connector="OR",
                ),
                name="fix_replaced_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="fix",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "accepted"), _negated=True),
                    ("kind", "temporary"),
                    _connector="OR",
                ),
                name="fix_accepted_only_if_temporary",
            ),
        ),
        migrations.AddConstraint(
            model_name="fix",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("text", ""),
                    ("change_reference", ""),
                    ("test_evidence", ""),
                    ("rollback_plan", ""),
                    _connector="OR",
                    _negated=True,
                ),
                name="fix_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="involvement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("recovery_confirmed_at", None), ("recovery_confirmed_by", "")),
                    models.Q(
                        ("recovery_confirmed_at__isnull", False),
                        models.Q(("recovery_confirmed_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="involvement_recovery_confirmed_by_someone",
            ),
        ),
    ]
