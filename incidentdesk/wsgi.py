"""What the web server calls."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "incidentdesk.settings")
application = get_wsgi_application()

# A page makes some hundred thousand objects that end with it. Looking for circles among them every
# 700 took a tenth of its time, and what the start made stays anyhow.
gc.freeze()
gc.set_threshold(50_000, 20, 100)
