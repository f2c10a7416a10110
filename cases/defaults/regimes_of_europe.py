"""The shipped clocks of DORA, NIS2, GDPR and the UK. Changing this file changes nothing on a desk
that runs.

Sources: DORA (EU 2022/2554) with RTS 2024/1772, RTS 2025/301 and ITS 2025/302; NIS2 (EU 2022/2555);
GDPR; FCA PS26/2 and FG26/3 with PRA PS7/26 and SS1/26.
"""

from __future__ import annotations

from typing import Any

from cases.defaults.rules import BUSINESS_DAYS, DAY, HOUR, MONTHS, at_once, limit, standing

_FE, _CA = "financial entity", "competent authority"
_NIS, _CSIRT = "essential or important entity", "CSIRT or competent authority"
_UK, _UKR = "FCA or PRA firm", "regulators, through one portal"
_ART5 = "RTS 2025/301 Art. 5"
_DELAY = (
    "If it cannot be met, the authority is told before it is due, with reasons "
    "(RTS 2025/301 Art. 5(3))."
)
_MAJOR = ["classified_major_at"]

RULES: dict[str, list[dict[str, Any]]] = {
    "DORA": [
        limit(
            "DORA-INIT",
            "Initial notification",
            (_FE, _CA),
            f"{_ART5}(1)(a), (2)",
            "classified_major_at",
            4 * HOUR,
            ceiling_anchor="aware_at",
            ceiling_minutes=DAY,
            weekend="but",
            met_by="initial_submitted_at",
            note=f"Not later than 24 h after aware, unless it was classified later. {_DELAY}",
        ),
        limit(
            "DORA-INTERM",
            "Intermediate report",
            (_FE, _CA),
            f"{_ART5}(1)(b)",
            "initial_submitted_at",
            72 * HOUR,
            needs=_MAJOR,
            weekend="but",
            met_by="intermediate_submitted_at",
            note=f"Even if nothing changed. {_DELAY}",
        ),
        at_once(
            "DORA-INTERM-UPD",
            "Updated intermediate report",
            (_FE, _CA),
            f"{_ART5}(1)(b)",
            "recovered_at",
            needs=[*_MAJOR, "intermediate_submitted_at"],
            after="intermediate_submitted_at",
            met_by="updated_intermediate_submitted_at",
            note="Without undue delay once regular activities are recovered.",
        ),
        limit(
            "DORA-FINAL",
            "Final report",
            (_FE, _CA),
            f"{_ART5}(1)(c)",
            ["intermediate_submitted_at", "updated_intermediate_submitted_at"],
            1,
            MONTHS,
            needs=_MAJOR,
            weekend="rule",
            met_by="final_submitted_at",
            note=f"An updated intermediate report moves it. {_DELAY}",
        ),
        standing(
            "DORA-WEEKEND",
            "Weekends and holidays",
            (_FE, _CA),
            f"{_ART5}(4)-(6)",
            "A DORA deadline on a weekend or a bank holiday of the Member State may be met until "
            "12:00 of the next working day; not initial and intermediate reports of credit "
            "institutions, CCPs, trading venues and NIS2 entities, and not where the authority "
            "says so. Part of the clocks above.",
        ),
        standing(
            "DORA-DELAY",
            "A deadline that cannot be met",
            (_FE, _CA),
            f"{_ART5}(3)",
            "The authority is told before the deadline, with reasons. Each reminder of the clocks "
            "above says so.",
        ),
        at_once(
            "DORA-RECLASS",
            "Reclassified as non-major",
            (_FE, _CA),
            "ITS 2025/302 Art. 5",
            "reclassified_at",
            needs=["initial_submitted_at"],
            note="Same template, type “reclassified as non-major”.",
        ),
        standing(
            "DORA-RECUR",
            "Recurring incidents",
            (_FE, "itself"),
            "RTS 2024/1772 Art. 8(2)",
            "Every month: two or more incidents in six months of the same apparent root cause that "
            "together meet the test are one major incident. Not for microenterprises.",
        ),
        at_once(
            "DORA-CLIENT",
            "Clients told",
            (_FE, "its clients"),
            "DORA Art. 19(3)",
            "client_impact_at",
            needs=_MAJOR,
            note="Without undue delay, with the measures taken.",
        ),
    ],
    "NIS2": [
        limit(
            "NIS2-EW",
            "Early warning",
            (_NIS, _CSIRT),
            "NIS2 Art. 23(4)(a)",
            "significant_at",
            DAY,
            met_by="early_warning_submitted_at",
            note="Says whether unlawful or malicious acts are suspected, and whether it may cross "
            "borders.",
        ),
        limit(
            "NIS2-NOTIF",
            "Incident notification",
            (_NIS, _CSIRT),
            "NIS2 Art. 23(4)(b)",
            "significant_at",
            72 * HOUR,
            entity="trust",
            entity_amount=DAY,
            met_by="notification_submitted_at",
            note="First assessment, severity, impact, indicators of compromise.",
        ),
        at_once(
            "NIS2-INTERM",
            "Status report",
            (_NIS, _CSIRT),
            "NIS2 Art. 23(4)(c)",
            "status_requested_at",
        ),
        limit(
            "NIS2-FINAL",
            "Final report",
            (_NIS, _CSIRT),
            "NIS2 Art. 23(4)(d)",
            "notification_submitted_at",
            1,
            MONTHS,
            note="If it still goes on: a progress report then.",
        ),
        limit(
            "NIS2-FINAL-2",
            "Final report after a progress report",
            (_NIS, _CSIRT),
            "NIS2 Art. 23(4)(e)",
            "resolved_at",
            1,
            MONTHS,
            needs=["progress_submitted_at"],
            is_on=False,
            note="Within a month after it was handled; to be confirmed.",
        ),
        at_once(
            "NIS2-RECIP",
            "Recipients of the service told",
            (_NIS, "recipients of its service"),
            "NIS2 Art. 23(1)",
            "significant_at",
            note="Without undue delay, where it is likely to affect the service.",
        ),
    ],
    "GDPR": [
        limit(
            "GDPR-33",
            "Notification of a personal-data breach",
            ("controller", "supervisory authority"),
            "GDPR Art. 33(1), (4)",
            "personal_data_breach_at",
            72 * HOUR,
            note="Where feasible; later only with reasons; may come in phases.",
        ),
        limit(
            "GDPR-33-2",
            "Controller told of a breach of its data",
            ("we, as processor", "the partner, as controller"),
            "GDPR Art. 33(2)",
            "partner_data_breach_at",
            DAY,
            is_ours=True,
            note="Without undue delay; we promise 24 h.",
        ),
        limit(
            "GDPR-96",
            "Notification of a high-risk breach",
            ("controller", "supervisory authority"),
            "Digital Omnibus, proposed 19 Nov 2025",
            "personal_data_breach_at",
            96 * HOUR,
            is_on=False,
            note="A proposal, not law.",
        ),
    ],
    "UK": [
        limit(
            "UK-INIT",
            "Initial report",
            (_UK, _UKR),
            "PS26/2, FG26/3, PS7/26, SS1/26",
            "uk_threshold_met_at",
            DAY,
            entity="payment",
            entity_amount=4 * HOUR,
            met_by="uk_initial_submitted_at",
            note="As soon as practicable; this is the ceiling.",
        ),
        at_once(
            "UK-INTERM",
            "Intermediate report",
            (_UK, _UKR),
            "CP17/24 paras 2.20-2.22",
            "uk_change_at",
            needs=["uk_initial_submitted_at"],
            note="As soon as practicable after a significant change: the origin found, another "
            "regulator's threshold met, resolved.",
        ),
        limit(
            "UK-FINAL",
            "Final report",
            (_UK, _UKR),
            "PS26/2, PS7/26",
            "resolved_at",
            30,
            BUSINESS_DAYS,
            needs=["uk_initial_submitted_at"],
            note="Working days. That it counts from resolution is to be confirmed.",
        ),
    ],
}
