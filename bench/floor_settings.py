"""Settings of the bare Django that figures are compared with: the same database, nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from incidentdesk.embedded.layout import Layout

EMBEDDED = Layout(Path(os.environ["DATA_DIR"]))
DATABASES = {
    "default": {
        **EMBEDDED.database("app"),
        "ENGINE": "incidentdesk.embedded.postgresql",
        "CONN_MAX_AGE": None,
    }
}
SECRET_KEY = EMBEDDED.secret_key
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "bench.floor"
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]  # tells the length of an answer
USE_TZ = True
