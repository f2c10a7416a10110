"""The shipped regimes and their clocks. Changing this file changes nothing on a desk that runs.

Sources: DORA (EU 2022/2554) with RTS 2024/1772, RTS 2025/301 and ITS 2025/302; NIS2 (EU 2022/2555);
GDPR; FCA PS26/2 and FG26/3 with PRA PS7/26 and SS1/26; 17 CFR 242.1002; Form 8-K Item 1.05;
Regulation S-P; CIRCIA; MAS; CERT-In; 23 NYCRR 500; RTS 6 (2017/589). What is not confirmed there is
shipped switched off.
"""

from __future__ import annotations

from typing import Any

HOUR, DAY = 60, 24 * 60

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

_FE, _CA = "financial entity", "competent authority"
_NIS, _CSIRT = "essential or important entity", "CSIRT or competent authority"
_UK, _UKR = "FCA or PRA firm", "regulators, through one portal"
_SCI = "SCI entity"
_M, _B, _C = "minutes", "business_days", "calendar_months"
_D = "calendar_days"
_ART5 = "RTS 2025/301 Art. 5"
_DELAY = (
    "If it cannot be met, the authority is told before it is due, with reasons "
    "(RTS 2025/301 Art. 5(3))."
)
_MAJOR = ["classified_major_at"]


def _limit(
    key: str,
    title: str,
    who: tuple[str, str],
    source: str,
    anchor: str | list[str],
    amount: int,
    counting: str = _M,
    **more: Any,
) -> dict[str, Any]:
    anchors = [anchor] if isinstance(anchor, str) else anchor
    owes = {"debtor": who[0], "creditor": who[1], "kind": "limit"}
    limit = {"anchors": anchors, "amount": amount, "counting": counting}
    return {"key": key, "title": title, "source": source, **owes, **limit, **more}


def _at_once(
    key: str, title: str, who: tuple[str, str], source: str, anchor: str, **more: Any
) -> dict[str, Any]:
    owes = {"debtor": who[0], "creditor": who[1], "kind": "at_once", "anchors": [anchor]}
    return {"key": key, "title": title, "source": source, **owes, **more}


def _standing(
    key: str, title: str, who: tuple[str, str], source: str, note: str, **more: Any
) -> dict[str, Any]:
    owes = {"debtor": who[0], "creditor": who[1], "kind": "standing", "note": note}
    return {"key": key, "title": title, "source": source, **owes, **more}


RULES: dict[str, list[dict[str, Any]]] = {
    "DORA": [
        _limit(
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
        _limit(
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
        _at_once(
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
        _limit(
            "DORA-FINAL",
            "Final report",
            (_FE, _CA),
            f"{_ART5}(1)(c)",
            ["intermediate_submitted_at", "updated_intermediate_submitted_at"],
            1,
            _C,
            needs=_MAJOR,
            weekend="rule",
            met_by="final_submitted_at",
            note=f"An updated intermediate report moves it. {_DELAY}",
        ),
        _standing(
            "DORA-WEEKEND",
            "Weekends and holidays",
            (_FE, _CA),
            f"{_ART5}(4)-(6)",
            "A DORA deadline on a weekend or a bank holiday of the Member State may be met until "
            "12:00 of the next working day; not initial and intermediate reports of credit "
            "institutions, CCPs, trading venues and NIS2 entities, and not where the authority "
            "says so. Part of the clocks above.",
        ),
        _standing(
            "DORA-DELAY",
            "A deadline that cannot be met",
            (_FE, _CA),
            f"{_ART5}(3)",
            "The authority is told before the deadline, with reasons. Each reminder of the clocks "
            "above says so.",
        ),
        _at_once(
            "DORA-RECLASS",
            "Reclassified as non-major",
            (_FE, _CA),
            "ITS 2025/302 Art. 5",
            "reclassified_at",
            needs=["initial_submitted_at"],
            note="Same template, type “reclassified as non-major”.",
        ),
        _standing(
            "DORA-RECUR",
            "Recurring incidents",
            (_FE, "itself"),
            "RTS 2024/1772 Art. 8(2)",
            "Every month: two or more incidents in six months of the same apparent root cause that "
            "together meet the test are one major incident. Not for microenterprises.",
        ),
        _at_once(
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
        _limit(
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
        _limit(
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
        _at_once(
            "NIS2-INTERM",
            "Status report",
            (_NIS, _CSIRT),
            "NIS2 Art. 23(4)(c)",
            "status_requested_at",
        ),
        _limit(
            "NIS2-FINAL",
            "Final report",
            (_NIS, _CSIRT),
            "NIS2 Art. 23(4)(d)",
            "notification_submitted_at",
            1,
            _C,
            note="If it still goes on: a progress report then.",
        ),
        _limit(
            "NIS2-FINAL-2",
            "Final report after a progress report",
            (_NIS, _CSIRT),
            "NIS2 Art. 23(4)(e)",
            "resolved_at",
            1,
            _C,
            needs=["progress_submitted_at"],
            is_on=False,
            note="Within a month after it was handled; to be confirmed.",
        ),
        _at_once(
            "NIS2-RECIP",
            "Recipients of the service told",
            (_NIS, "recipients of its service"),
            "NIS2 Art. 23(1)",
            "significant_at",
            note="Without undue delay, where it is likely to affect the service.",
        ),
    ],
    "GDPR": [
        _limit(
            "GDPR-33",
            "Notification of a personal-data breach",
            ("controller", "supervisory authority"),
            "GDPR Art. 33(1), (4)",
            "personal_data_breach_at",
            72 * HOUR,
            note="Where feasible; later only with reasons; may come in phases.",
        ),
        _limit(
            "GDPR-33-2",
            "Controller told of a breach of its data",
            ("we, as processor", "the partner, as controller"),
            "GDPR Art. 33(2)",
            "partner_data_breach_at",
            DAY,
            is_ours=True,
            note="Without undue delay; we promise 24 h.",
        ),
        _limit(
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
        _limit(
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
        _at_once(
            "UK-INTERM",
            "Intermediate report",
            (_UK, _UKR),
            "CP17/24 paras 2.20-2.22",
            "uk_change_at",
            needs=["uk_initial_submitted_at"],
            note="As soon as practicable after a significant change: the origin found, another "
            "regulator's threshold met, resolved.",
        ),
        _limit(
            "UK-FINAL",
            "Final report",
            (_UK, _UKR),
            "PS26/2, PS7/26",
            "resolved_at",
            30,
            _B,
            needs=["uk_initial_submitted_at"],
            note="Working days. That it counts from resolution is to be confirmed.",
        ),
    ],
    "SCI": [
        _at_once(
            "SCI-IMM",
            "Immediate notice",
            (_SCI, "SEC"),
            "17 CFR 242.1002(b)(1)",
            "sci_event_at",
            note="De minimis events excepted.",
        ),
        _limit(
            "SCI-24H",
            "Written notice on Form SCI",
            (_SCI, "SEC"),
            "17 CFR 242.1002(b)(2)",
            "sci_event_at",
            DAY,
            note="An ordinary broker-dealer is not an SCI entity.",
        ),
        _limit(
            "SCI-FINAL",
            "Final report",
            (_SCI, "SEC"),
            "17 CFR 242.1002(b)(4)",
            "sci_closed_at",
            5,
            _B,
            is_on=False,
            note="An interim report after 30 calendar days if still open; to be confirmed.",
        ),
    ],
    "SEC": [
        _limit(
            "SEC-8K",
            "Form 8-K, Item 1.05",
            ("US reporting company", "public"),
            "Form 8-K Item 1.05",
            "materiality_determined_at",
            4,
            _B,
            until="17:30",
            note="Four business days after the determination, whose day does not count; until "
            "17:30 in New York. The determination itself comes without unreasonable delay.",
        ),
    ],
    "REGSP": [
        _limit(
            "REGSP-SP",
            "Covered institution told",
            ("we, as service provider", "the partner, as covered institution"),
            "Regulation S-P, 2024 amendments",
            "partner_data_breach_at",
            72 * HOUR,
            is_ours=True,
        ),
        _limit(
            "REGSP-CUST",
            "Individuals told",
            ("covered institution", "individuals"),
            "Regulation S-P, 2024 amendments",
            "customer_breach_at",
            30,
            _D,
        ),
    ],
    "CIRCIA": [
        _limit(
            "CIRCIA-72",
            "Covered incident report",
            ("covered entity", "CISA"),
            "CIRCIA; no final rule found",
            "covered_at",
            72 * HOUR,
        ),
        _limit(
            "CIRCIA-24",
            "Ransom payment report",
            ("covered entity", "CISA"),
            "CIRCIA; no final rule found",
            "ransom_paid_at",
            DAY,
        ),
    ],
    "MAS": [
        _limit(
            "MAS-1H",
            "Notification",
            ("Singapore financial institution", "MAS"),
            "MAS notices",
            "mas_discovered_at",
            HOUR,
        ),
        _limit(
            "MAS-14D",
            "Root-cause report",
            ("Singapore financial institution", "MAS"),
            "MAS notices",
            "mas_discovered_at",
            14,
            _D,
        ),
    ],
    "CERTIN": [
        _limit(
            "CERTIN-6H",
            "Incident report",
            ("entity in India", "CERT-In"),
            "CERT-In directions; SEBI, RBI",
            "certin_noticed_at",
            6 * HOUR,
        ),
    ],
    "NYDFS": [
        _limit(
            "NYDFS-72",
            "Notice of a cybersecurity event",
            ("NYDFS covered entity", "NYDFS"),
            "23 NYCRR 500.17",
            "nydfs_determined_at",
            72 * HOUR,
        ),
        _limit(
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
        _standing(
            "RTS6-16",
            "Monitoring staff reachable",
            ("algorithmic trading firm", "itself"),
            "2017/589 Art. 16(3)-(4)",
            "Staff in charge of real-time monitoring can be reached at all times; channels and "
            "out-of-hours procedures are tested periodically. Keep proof of each test.",
        ),
    ],
}
