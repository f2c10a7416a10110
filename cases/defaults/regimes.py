"""The shipped regimes, and the clocks of those outside Europe. Changing this file changes nothing
on a desk that runs.

Sources: 17 CFR 242.1002; Form 8-K Item 1.05; Regulation S-P; CIRCIA; MAS; CERT-In; 23 NYCRR 500;
RTS 6 (2017/589). What is not confirmed there is shipped switched off.
"""

from __future__ import annotations

from typing import Any

from cases.defaults import regimes_of_europe
from cases.defaults.rules import BUSINESS_DAYS, DAY, DAYS, HOUR, at_once, limit, standing

# code, name, jurisdiction, source, is it on, applies from, time zone
REGIMES: list[tuple[str, str, str, str, bool, str | None, str]] = [
    ("DORA", "DORA", "European Union", "Regulation (EU) 2022/2554, RTS 2025/301", True, None, ""),
    ("NIS2", "NIS2", "European Union", "Directive (EU) 2022/2555 Art. 23", True, None, ""),
    ("GDPR", "GDPR", "European Union", "Regulation (EU) 2016/679 Art. 33", True, None, ""),
    (
        "UK",
        "UK: FCA, PRA",
        "United Kingdom",
        "PS26/2, FG26/3, PS7/26, SS1/26",
        True,
        "2027-03-18",
        "Europe/London",
    ),
    (
        "SCI",
        "Regulation SCI",
        "United States",
        "17 CFR 242.1002(b)",
        False,
        None,
        "America/New_York",
    ),
    (
        "SEC",
        "SEC Form 8-K",
        "United States",
        "Form 8-K Item 1.05",
        False,
        None,
        "America/New_York",
    ),
    (
        "REGSP",
        "Regulation S-P",
        "United States",
        "Reg S-P, 2024 amendments",
        False,
        None,
        "America/New_York",
    ),
    ("CIRCIA", "CIRCIA", "United States", "No final rule found", False, None, "America/New_York"),
    ("MAS", "MAS", "Singapore", "MAS notices", False, None, "Asia/Singapore"),
    ("CERTIN", "CERT-In", "India", "CERT-In directions, SEBI, RBI", False, None, "Asia/Kolkata"),
    ("NYDFS", "NYDFS", "New York", "23 NYCRR 500", False, None, "America/New_York"),
    ("RTS6", "RTS 6: algorithmic trading", "European Union", "2017/589 Art. 16", False, None, ""),
]

_SCI = "SCI entity"

RULES: dict[str, list[dict[str, Any]]] = regimes_of_europe.RULES | {
    "SCI": [
        at_once(
            "SCI-IMM",
            "Immediate notice",
            (_SCI, "SEC"),
            "17 CFR 242.1002(b)(1)",
            "sci_event_at",
            note="De minimis events excepted.",
        ),
        limit(
            "SCI-24H",
            "Written notice on Form SCI",
            (_SCI, "SEC"),
            "17 CFR 242.1002(b)(2)",
            "sci_event_at",
            DAY,
            note="An ordinary broker-dealer is not an SCI entity.",
        ),
        limit(
            "SCI-FINAL",
            "Final report",
            (_SCI, "SEC"),
            "17 CFR 242.1002(b)(4)",
            "sci_closed_at",
            5,
            BUSINESS_DAYS,
            is_on=False,
            note="An interim report after 30 calendar days if still open; to be confirmed.",
        ),
    ],
    "SEC": [
        limit(
            "SEC-8K",
            "Form 8-K, Item 1.05",
            ("US reporting company", "public"),
            "Form 8-K Item 1.05",
            "materiality_determined_at",
            4,
            BUSINESS_DAYS,
            until="17:30",
            note="Four business days after the determination, whose day does not count; until "
            "17:30 in New York. The determination itself comes without unreasonable delay.",
        ),
    ],
    "REGSP": [
        limit(
            "REGSP-SP",
            "Covered institution told",
            ("we, as service provider", "the partner, as covered institution"),
            "Regulation S-P, 2024 amendments",
            "partner_data_breach_at",
            72 * HOUR,
            is_ours=True,
        ),
        limit(
            "REGSP-CUST",
            "Individuals told",
            ("covered institution", "individuals"),
            "Regulation S-P, 2024 amendments",
            "customer_breach_at",
            30,
            DAYS,
        ),
    ],
    "CIRCIA": [
        limit(
            "CIRCIA-72",
            "Covered incident report",
            ("covered entity", "CISA"),
            "CIRCIA; no final rule found",
            "covered_at",
            72 * HOUR,
        ),
        limit(
            "CIRCIA-24",
            "Ransom payment report",
            ("covered entity", "CISA"),
            "CIRCIA; no final rule found",
            "ransom_paid_at",
            DAY,
        ),
    ],
    "MAS": [
        limit(
            "MAS-1H",
            "Notification",
            ("Singapore financial institution", "MAS"),
            "MAS notices",
            "mas_discovered_at",
            HOUR,
        ),
        limit(
            "MAS-14D",
            "Root-cause report",
            ("Singapore financial institution", "MAS"),
            "MAS notices",
            "mas_discovered_at",
            14,
            DAYS,
        ),
    ],
    "CERTIN": [
        limit(
            "CERTIN-6H",
            "Incident report",
            ("entity in India", "CERT-In"),
            "CERT-In directions; SEBI, RBI",
            "certin_noticed_at",
            6 * HOUR,
        ),
    ],
    "NYDFS": [
        limit(
            "NYDFS-72",
            "Notice of a cybersecurity event",
            ("NYDFS covered entity", "NYDFS"),
            "23 NYCRR 500.17",
            "nydfs_determined_at",
            72 * HOUR,
        ),
        limit(
            "NYDFS-24",
            "Notice of an extortion payment",
            ("NYDFS covered entity", "NYDFS"),
            "23 NYCRR 500.17",
            "ransom_paid_at",
            DAY,
            is_on=False,
            note="To be confirmed.",
        ),
    ],
    "RTS6": [
        standing(
            "RTS6-16",
            "Monitoring staff reachable",
            ("algorithmic trading firm", "itself"),
            "2017/589 Art. 16(3)-(4)",
            "Staff in charge of real-time monitoring can be reached at all times; channels and "
            "out-of-hours procedures are tested periodically. Keep proof of each test.",
        ),
    ],
}
