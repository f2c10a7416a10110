"""One walk over the desk for all tests of this folder that look at what came back."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test.utils import override_settings

from incidentdesk.api import door
from tests.security import walking
from tests.security.walking import Walked


@pytest.fixture(scope="session")
def walked(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Walked:
    """What everybody got at every address, on a desk as behind HTTPS in production."""
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    changed = {
        **walking.production(),
        "MEDIA_ROOT": tmp_path_factory.mktemp("media"),
        "STORAGES": {**settings.STORAGES, "staticfiles": static},
    }
    often = door.CALLS_A_MINUTE
    with django_db_blocker.unblock(), override_settings(**changed):
        door.CALLS_A_MINUTE = 10**6
        try:
            return walking.walk()
        finally:
            door.CALLS_A_MINUTE = often
            cache.clear()
