"""The shipped matrix, the definitions of its axes, floors, soak times and silence."""

from __future__ import annotations

# The matrix: urgency 1 to 3, in each impact 1 to 4, in each scope 1 to 4.
MATRIX = [
    [[4, 4, 4, 4], [4, 4, 3, 3], [3, 3, 2, 2], [2, 2, 2, 1]],
    [[4, 4, 4, 3], [4, 3, 3, 2], [3, 2, 2, 1], [2, 1, 1, 1]],
    [[4, 4, 3, 3], [3, 3, 2, 2], [2, 2, 1, 1], [1, 1, 1, 1]],
]

# axis → (value, name, definition); the worst true statement wins
LEVELS: dict[str, list[tuple[int, str, str]]] = {
    "impact": [
        (
            4,
            "critical",
            "Wrong, duplicated or lost orders reached a venue; fills, positions or balances are "
            "wrong in the record of truth; an attacker holds live trading or withdrawal keys or "
            "production admin; risk limits or kill switch do not work; confidential data of more "
            "than one partner is exposed.",
        ),
        (
            3,
            "high",
            "Orders cannot be entered, amended or cancelled; fills are unmatched or execution "
            "reports missing beyond 60 s; prices are stale beyond the trading tolerance and still "
            "used; one partner's key is leaked or used; data is corrupted but not yet traded on; "
            "the session or auth service is down.",
        ),
        (
            2,
            "moderate",
            "Latency or reject ratio beyond objective; drop copy, reports or reconciliation late; "
            "suspected but unconfirmed unauthorised access; wrong configuration with no order "
            "effect yet; one venue link flapping with failover working.",
        ),
        (
            1,
            "low",
            "Redundancy lost without effect; a blocked attack; a non-production leak; a cosmetic "
            "or documentation fault.",
        ),
    ],
    "scope": [
        (
            4,
            "wide",
            "Over 30 % of partners; or a shared critical component (order gateway, matching or "
            "execution, risk, ledger, identity, market data core); or several venues, or two or "
            "more jurisdictions.",
        ),
        (
            3,
            "several",
            "Two or more partners; or over 10 % of any one partner's clients or daily "
            "transactions; or one venue.",
        ),
        (2, "one", "Exactly one partner, or one non-critical component."),
        (1, "internal", "Internal only; no partner sees it."),
    ],
    "urgency": [
        (
            3,
            "now",
            "Harm grows by the minute: the market is open for what is affected, an attacker is "
            "active, open positions cannot be managed, or a regulatory or contractual clock has "
            "under 4 h left.",
        ),
        (
            2,
            "today",
            "Harm grows in hours: it opens within 4 h, a manual workaround exists, or evidence may "
            "be lost.",
        ),
        (
            1,
            "later",
            "Stable: the market is closed for over 4 h and nothing is open, or it is fully "
            "contained.",
        ),
    ],
}

# key, words, severity at least, minutes of a critical system fully down, source
FLOORS: list[tuple[str, str, int, int | None, str]] = [
    ("erroneous_orders", "Erroneous orders reached a venue", 1, None, "Framework"),
    (
        "downtime_2h",
        "Downtime is heading past two hours",
        1,
        90,
        "DORA, RTS 2024/1772 Art. 9(3)(b)",
    ),
    (
        "production_access",
        "Unauthorised access to production is confirmed",
        2,
        None,
        "DORA, RTS 2024/1772 Art. 9(5)(b)",
    ),
    (
        "down_30_min",
        "A critical service was fully down for over 30 minutes",
        2,
        30,
        "NIS2, Regulation 2024/2690",
    ),
    (
        "ten_percent",
        "Over 10 % of a partner's clients or transactions are affected",
        2,
        None,
        "DORA, RTS 2024/1772 Art. 9(1)",
    ),
    ("personal_data", "A breach of personal data is suspected", 3, None, "GDPR Art. 33"),
]

# severity → minutes in band after recovery
SOAK_MINUTES = {1: 60, 2: 30, 3: 0, 4: 0}

# severity → minutes without a word after an acknowledgement; a SEV-4 is not paged again for that
SILENCE_MINUTES = {1: 15, 2: 30, 3: 240}
