"""What was set, and who can get in: the settings, the keys, the first people."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.core import checks

from incidentdesk import first, published
from incidentdesk.doctor.told import Told, for_others, warning, well, wrong
from incidentdesk.kernel.encrypted import EncryptedText, Lost

ROWS = 1000  # of each column that are tried


def setting() -> Iterator[Told]:
    """What Django and the desk say of the settings; some of it only counts where others come."""
    found = checks.run_checks(include_deployment_checks=not settings.IS_LOCAL)
    heard = [one for one in found if not one.is_silenced()]
    for one in heard:
        said = " ".join(str(one.msg).split())
        yield for_others(f"{said} ({one.id})", str(one.hint or "See docs/settings.md."))
    if settings.DEBUG:
        yield for_others("DEBUG is on: an error shows the desk's insides.", "Unset DEBUG.")
    elif not heard:
        yield well("The settings are in order.")


def keys() -> Iterator[Told]:
    """What lies encrypted can be read with this SECRET_KEY."""
    lost = []
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedText):
                values = model._default_manager.values_list(field.attname, flat=True)
                if any(isinstance(value, Lost) for value in values[:ROWS]):
                    lost.append(str(model._meta.verbose_name_plural))
    if lost:
        yield wrong(
            f"SECRET_KEY does not open what is stored of {', '.join(sorted(set(lost)))}.",
            "Set SECRET_KEY to the one that wrote it, or name that among SECRET_KEY_FALLBACKS.",
        )
    else:
        yield well("SECRET_KEY opens what is stored encrypted.")


def people() -> Iterator[Told]:
    """Somebody administers the desk, and nobody by a password that everybody knows."""
    if first.is_needed():
        yield wrong("Nobody administers the desk.", "Run `python manage.py desk_setup EMAIL`.")
    else:
        yield well("Somebody administers the desk.")
    if not settings.IS_LOCAL and (known := published.open_logins()):
        yield wrong(
            f"{', '.join(known)} open with the demo's password, which everybody knows.",
            "Switch these logins off, or begin with an empty database.",
        )
    if settings.SECRET_KEY_FALLBACKS:
        yield warning(
            "Former keys still open what they signed (SECRET_KEY_FALLBACKS).",
            "Drop them once everybody has logged in anew and secrets were saved again.",
        )
