"""The defaults the desk ships with: categories, playbooks, target times. Loaded by a migration.

After a task: [E] needs evidence, [2] needs a second person, [P] faces a partner. Sources are the
framework of the firm, NIST SP 800-61r3 and ISO/IEC 27035-1. All of it is rows that an administrator
can change afterwards; changing this file changes nothing on a desk that runs.
"""

from __future__ import annotations

from cases.defaults.playbooks import PLAYBOOKS
from cases.defaults.severity import FLOORS, LEVELS, MATRIX, SOAK_MINUTES

__all__ = ["CATEGORIES", "FLOORS", "LEVELS", "MATRIX", "PLAYBOOKS", "SOAK_MINUTES", "TARGETS"]

# key, name, description
CATEGORIES = [
    (
        "unauthorised_access",
        "Unauthorised system access",
        "Somebody or something uses access that it should not have.",
    ),
    (
        "abnormal_trading",
        "Abnormal trading behaviour or system anomaly",
        "Orders, prices or a system behave as they never should.",
    ),
    (
        "outage",
        "Infrastructure outage or service degradation",
        "Something is down, slow or running without its spare.",
    ),
    (
        "data_integrity",
        "Data integrity or configuration issue",
        "Records or settings are wrong, missing or out of step.",
    ),
    (
        "api_security",
        "API or integration-related security event",
        "A key, a client or an integration is misused or open to misuse.",
    ),
]

# severity → (kind, anchor, amount, counting)
_M, _C, _B = "minutes", "calendar_days", "business_days"
TARGETS: dict[int, list[tuple[str, str, int, str]]] = {
    1: [
        ("acknowledge", "detected_at", 5, _M),
        ("evaluate", "detected_at", 10, _M),
        ("first_notice", "confirmed_at", 30, _M),
        ("contain", "detected_at", 60, _M),
        ("recover", "detected_at", 120, _M),
        ("review", "recovered_at", 3, _C),
    ],
    2: [
        ("acknowledge", "detected_at", 15, _M),
        ("evaluate", "detected_at", 20, _M),
        ("first_notice", "confirmed_at", 60, _M),
        ("contain", "detected_at", 120, _M),
        ("recover", "detected_at", 240, _M),
        ("review", "recovered_at", 5, _B),
    ],
    3: [
        ("acknowledge", "detected_at", 60, _M),
        ("evaluate", "detected_at", 120, _M),
        ("first_notice", "confirmed_at", 240, _M),
        ("contain", "detected_at", 1, _B),
        ("recover", "detected_at", 2, _B),
        ("review", "recovered_at", 10, _B),
    ],
    4: [
        ("acknowledge", "detected_at", 1, _B),
        ("evaluate", "detected_at", 2, _B),
        ("recover", "detected_at", 10, _B),
    ],
}
