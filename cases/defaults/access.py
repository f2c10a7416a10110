"""The access rules that the desk ships with; see `cases.access.rules` for what each kind does.

Those that need to know what is usual here (admin actions, volume, hours, networks) are off until
somebody has tried them on the past.
"""

from __future__ import annotations

from datetime import time
from typing import Any

_ACCESS, _API = "unauthorised_access", "api_security"  # categories A and E of the framework

# kind, name, category, urgency, is on, values
RULES: list[tuple[str, str, str, int, bool, dict[str, Any]]] = [
    ("address", "Failures from one address", _ACCESS, 2, True, {"times": 10, "minutes": 10}),
    ("account", "Failures for one account", _ACCESS, 2, True, {"times": 10, "minutes": 10}),
    ("entered", "Success after many failures", _ACCESS, 3, True, {"times": 5, "minutes": 30}),
    ("barred", "Disabled account or revoked key in use", _API, 2, True, {}),
    ("first", "First admin action of a person", _ACCESS, 2, False, {"days": 90}),
    (
        "volume",
        "More reads and exports than usual",
        _ACCESS,
        2,
        False,
        {"times": 50, "minutes": 60, "factor": 3, "days": 28},
    ),
    (
        "hours",
        "Privileged access out of hours",
        _ACCESS,
        2,
        False,
        {"starts": time(7), "ends": time(20), "zone": "Europe/Berlin"},
    ),
    ("network", "A partner's key from a new network", _API, 2, False, {"days": 90}),
]
