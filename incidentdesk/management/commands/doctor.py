"""`doctor [--json] [--only NAME,…]`: what is wrong with what the desk stands on, and what to do."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidentdesk.doctor import examining
from incidentdesk.doctor.examining import Looked
from incidentdesk.doctor.told import State


class Command(BaseCommand):
    """Fails if anything is wrong; a warning is no failure."""

    help = "Looks at clock, disk, database, Redis, workers, mail, TLS, settings; says what to do."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """For people or for programs, and at what."""
        parser.add_argument("--json", action="store_true", help="for programs")
        known = ",".join(examining.LOOKS)
        parser.add_argument("--only", default="", help=f"some of {known}")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, tell, and end with 1 where something is wrong."""
        names = [name.strip() for name in options["only"].split(",") if name.strip()]
        for name in names:
            if name not in examining.LOOKS:
                known = ", ".join(examining.LOOKS)
                raise CommandError(f"The doctor does not look at “{name}”; it does at {known}.")
        looked = examining.examine(names)
        if options["json"]:
            found = list(looked)
            self.stdout.write(json.dumps(_for_programs(found), indent=1))
        else:
            found = tell(looked, self.stdout.write)
        if wrong_among(found):
            raise SystemExit(1)


def tell(looked: Iterable[Looked], write: Any) -> list[Looked]:
    """Each as soon as it is known, for people; what was told."""
    found = []
    for one in looked:
        found.append(one)
        mark = "ok" if one.told.state is State.WELL else one.told.state.upper()
        write(f"{mark:<8} {one.name:<10} {one.told.said}")
        if one.told.do:
            write(f"{'':<8} {'':<10} → {one.told.do}")
    warned = sum(one.told.state is State.WARNING for one in found)
    number = wrong_among(found)
    write(f"{number or 'Nothing'} wrong, {warned or 'no'} warning{'' if warned == 1 else 's'}.")
    return found


def wrong_among(found: Iterable[Looked]) -> int:
    """How many of these are wrong."""
    return sum(one.told.state is State.WRONG for one in found)


def _for_programs(found: list[Looked]) -> dict[str, Any]:
    lines = [
        {"check": one.name, "state": one.told.state, "says": one.told.said, "do": one.told.do}
        for one in found
    ]
    return {"is_well": not wrong_among(found), "checks": lines}
