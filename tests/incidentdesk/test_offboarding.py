"""What a partner takes with it when it leaves: all that it saw, and nothing of anybody else."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cases import disclosure, restriction
from incidentdesk import offboarding
from incidentdesk.isolation import cast
from incidentdesk.isolation.canaries import readable
from incidentdesk.kernel.errors import Conflict, NotAllowed, NotFound
from incidentdesk.kernel.models import AuditEvent
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def test_it_holds_what_the_partner_saw_and_no_word_of_another_or_of_the_desk(
    people: Any, tmp_path: Path
) -> None:
    made, file = cast.assemble(at=NOW), tmp_path / "leaving.zip"
    by = people.actor("administrator")
    counts = offboarding.export(partner_id=made.a.partner.pk, to=file, by=by, at=NOW)
    text = readable(file.read_bytes())
    assert made.b.words.found_in(text) == []
    # The desk's own people stand by name where they wrote; nothing else of the desk is in it.
    others = [w for w in made.desk.found_in(text) if not w.startswith("the name of")]
    assert others == []
    found = " ".join(made.a.words.found_in(text))
    for place in (
        "the title of its incident",
        "the text of its notice 1",
        "the text of its report",
        "what it wrote",
        "the title of a procedure",
        "the content of the file of",
        "the text of a facts package",
    ):
        assert place in found
    assert counts["files"] > 2
    assert not {name for name in counts if "permission" in name}, "how the desk is built"
    line = AuditEvent.objects.get(action="exported", about=f"partner:{made.a.partner.pk}")
    assert (line.user_id, line.detail["files"]) == (by.user_id, counts["files"])
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            assert not name.startswith(("/", ".."))
            if name.endswith(".json"):
                assert json.loads(archive.read(name))


def test_who_may_not_open_a_restricted_incident_does_not_take_its_partners_view(
    people: Any, helix: Any, declare: Any, tmp_path: Path
) -> None:
    incident = declare()
    disclosure.add_partner(
        incident_id=incident.pk,
        partner_id=helix.pk,
        title="Delays",
        meaning="x",
        severity=2,
        by=people.actor("commander"),
        at=NOW,
    )
    restriction.restrict(
        incident_id=incident.pk, user_ids=[], reason="x", by=people.actor("commander"), at=NOW
    )
    by = people.actor("administrator")
    with pytest.raises(Conflict, match="restricted incidents that you may not open"):
        offboarding.export(partner_id=helix.pk, to=tmp_path / "x.zip", by=by, at=NOW)
    assert not (tmp_path / "x.zip").exists()


def test_only_who_keeps_registers_takes_it_and_of_a_partner_that_there_is(
    people: Any, helix: Any, tmp_path: Path
) -> None:
    to = tmp_path / "x.zip"
    with pytest.raises(NotAllowed):
        offboarding.export(partner_id=helix.pk, to=to, by=people.actor("commander"), at=NOW)
    with pytest.raises(NotFound):
        offboarding.export(partner_id=0, to=to, by=people.actor("administrator"), at=NOW)


def test_by_hand(people: Any, helix: Any, tmp_path: Path) -> None:
    to, out = tmp_path / "x.zip", io.StringIO()
    call_command("export_partner", "HELIX", to=to, by="administrator@desk.test", stdout=out)
    assert "Written to" in out.getvalue()
    assert zipfile.is_zipfile(to)
    with pytest.raises(CommandError):  # nothing is overwritten
        call_command("export_partner", "HELIX", to=to, by="administrator@desk.test", stdout=out)
