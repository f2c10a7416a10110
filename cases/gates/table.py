"""The table of gates: move → its gates, in the order in which they are worked off.

`statement` names what the commander may sign instead of the thing itself; what `may_waive` may be
passed unmet by the commander with a reason, which shows in the review. Sources: the framework of
the firm, NIST SP 800-61r3, ISO/IEC 27035-1, DORA (RTS 2024/1772).
"""

from __future__ import annotations

from typing import Any

from cases.gates.rule import Facts, Gate


def _tasks(phase: str) -> Gate:
    """All tasks of a phase have ended."""

    def counts(facts: Facts) -> tuple[int, int]:
        return facts.tasks.get(phase, (0, 0))

    return Gate(
        f"{phase}_tasks",
        f"Every {phase} task done, or waived with a reason",
        lambda facts: counts(facts)[0] == counts(facts)[1],
        lambda facts: "{} of {}".format(*counts(facts)) if counts(facts)[1] else "",
        do="end_tasks",
        may_waive=False,  # each task is waived by itself
    )


def _signed(key: str, words: str, statement: str = "", **more: Any) -> Gate:
    """A gate that only a signature meets."""
    return Gate(key, words, statement=statement or key, **more)


def _of(done: int, total: int) -> str:
    return f"{done} of {total}" if total else ""


# What the commander may sign: key → the words that the signature stands under.
STATEMENTS: dict[str, str] = {
    "no_systems": "No system is affected",
    "no_partners": "No partner is affected",
    "regulatory_decided": "The regulatory duty is decided: it applies, does not, or is undecided "
    "with a day on which it will be",
    "no_duplicate": "Open incidents were looked through; this is no duplicate of one",
    "not_isolated": "Not every affected system can or need be isolated",
    "no_volatile_evidence": "There is no volatile evidence to keep before destructive steps",
    "no_growth": "The incident no longer grows, since when, and by which metric",
    "no_fix_needed": "Nothing has to be changed to end it",
    "detection_added": "A detection rule for its return is in place and was tried, or none can be",
    "market_open_seen": "Service stayed in band over one market open",
    "nothing_to_reconcile": "No data can differ; there is nothing to reconcile",
    "blocks_lifted": "Temporary blocks are removed, or accepted to stay",
    "all_clear_not_needed": "Partners need no all-clear",
}

_IDENTIFICATION = (
    Gate("category", "Category set", lambda f: f.has_category, do="evaluate", may_waive=False),
    Gate("nature", "Nature confirmed", lambda f: f.is_confirmed, do="evaluate", may_waive=False),
    Gate(
        "axes",
        "Impact, scope and urgency answered",
        lambda f: f.axes_answered == 3,
        lambda f: _of(f.axes_answered, 3),
        do="evaluate",
        may_waive=False,
    ),
    Gate(
        "bases",
        "Each of them with what it rests on",
        lambda f: f.axes_supported == 3,
        lambda f: _of(f.axes_supported, 3),
        do="evaluate",
    ),
    Gate(
        "times",
        "Known when it occurred, was detected, and we became aware",
        lambda f: f.has_times,
        do="evaluate",
    ),
    Gate(
        "systems",
        "Affected systems listed, or none signed",
        lambda f: f.systems > 0,
        do="add_system",
        statement="no_systems",
        may_waive=False,
    ),
    Gate(
        "partners",
        "Affected partners listed, or none signed",
        lambda f: f.partners > 0,
        do="add_partner",
        statement="no_partners",
        may_waive=False,
    ),
    Gate(
        "commander",
        "Commander named",
        lambda f: f.has_commander,
        do="take_command",
        may_waive=False,
    ),
    _signed("regulatory", "Regulatory duty decided", "regulatory_decided"),
    _signed("duplicates", "Checked for duplicates", "no_duplicate"),
)
# For partners of before the end of Containment, and for those that are listed after it.
_DECIDED = Gate(
    "decided",
    "Decided for each affected partner, with a reason, whether it is notified",
    lambda f: f.partners_decided == f.partners,
    lambda f: _of(f.partners_decided, f.partners),
    do="decide_notice",
    may_waive=False,
)
_CONTAINMENT = (
    _tasks("containment"),
    Gate(
        "isolated",
        "Every affected system isolated with proof, or a reason why not",
        lambda f: f.systems_affected == f.systems_unproven == 0,
        lambda f: _of(f.systems - f.systems_affected, f.systems),
        do="isolate",
        statement="not_isolated",
        may_waive=False,
    ),
    Gate(
        "volatile",
        "Volatile evidence saved, or signed that there is none",
        lambda f: f.evidence > 0,
        do="add_evidence",
        statement="no_volatile_evidence",
    ),
    _signed("no_growth", "Signed that it no longer grows", may_waive=False),
    _DECIDED,
    Gate(
        "notified",
        "Every partner that is to be notified has its notice",
        lambda f: f.partners_owed == 0,
        lambda f: f"{f.partners_owed} not told yet" if f.partners_owed else "",
        do="draft_notice",
        may_waive=False,
    ),
    Gate(
        "exposure",
        "Residual exposure named",
        lambda f: f.has_exposure,
        do="residual_exposure",
    ),
)
_MITIGATION = (
    _tasks("mitigation"),
    Gate(
        "cause",
        "Cause or best hypothesis recorded",
        lambda f: f.has_cause,
        do="record_cause",
        may_waive=False,
    ),
    Gate(
        "fix",
        "A fix with a change reference, tested, reversible, approved by a second person",
        lambda f: f.fixes_approved > 0 and f.fixes_proposed == 0,
        lambda f: f"{f.fixes_proposed} waiting for approval" if f.fixes_proposed else "",
        do="propose_fix",
        statement="no_fix_needed",
    ),
    _signed("detection", "Detection for its return in place", "detection_added"),
)
_RECOVERY = (
    _tasks("recovery"),
    Gate(
        "restored",
        "Every affected system restored",
        lambda f: f.systems_restored == f.systems,
        lambda f: _of(f.systems_restored, f.systems),
        do="restore",
        may_waive=False,
    ),
    Gate(
        "alerts",
        "Every alert cleared",
        lambda f: f.alerts_firing == 0,
        lambda f: f"{f.alerts_firing} still firing" if f.alerts_firing else "",
        do="clear_alerts",
        may_waive=False,
    ),
    Gate(
        "checks",
        "Health checks and key metrics back in band",
        lambda f: f.checks > 0 and f.checks_failed == 0,
        lambda f: f"{f.checks_failed} failed" if f.checks_failed else "",
        do="record_check",
    ),
    Gate(
        "recovered",
        "Time of recovery recorded",
        lambda f: f.is_recovered,
        do="recovered",
        may_waive=False,
    ),
    Gate(
        "soak",
        "In band for the whole soak time",
        lambda f: f.is_recovered and f.soak_left == 0,
        lambda f: f"{f.soak_left} min left" if f.is_recovered and f.soak_left else "",
    ),
    _signed(
        "market_open",
        "In band over one market open",
        "market_open_seen",
        applies=lambda f: f.severity == 1,
    ),
    Gate(
        "reconciled",
        "Data reconciled: no difference, or every one listed",
        lambda f: f.reconciliations > 0,
        do="reconcile",
        statement="nothing_to_reconcile",
    ),
    Gate(
        "confirmed",
        "Each partner confirmed, or silent for 24 h after two notices",
        lambda f: not f.partners_unconfirmed,
        lambda f: _of(f.partners - len(f.partners_unconfirmed), f.partners),
        do="confirm_partner",
    ),
    _DECIDED,
    _signed("blocks", "Temporary blocks removed or accepted", "blocks_lifted"),
    Gate(
        "all_clear",
        "All-clear sent to the partners that were told, or signed why not",
        lambda f: f.partners_cleared == f.partners_told,
        lambda f: _of(f.partners_cleared, f.partners_told),
        do="draft_notice",
        statement="all_clear_not_needed",
        may_waive=False,
    ),
)
_REVIEW = (
    Gate(
        "clocks",
        "The outcome of every regulator's clock recorded",
        lambda f: f.clocks_open == 0,
        lambda f: f"{f.clocks_open} open" if f.clocks_open else "",
        do="record_outcome",
        may_waive=False,
    ),
    Gate(
        "review_complete",
        "Review complete",
        lambda f: not f.review_missing,
        lambda f: ", ".join(f.review_missing),
        may_waive=False,
    ),
    Gate(
        "review_approved",
        "Review approved by someone who did not command",
        lambda f: f.review_approved,
        may_waive=False,
    ),
)

TABLE: dict[str, tuple[Gate, ...]] = {
    "begin_containment": _IDENTIFICATION,
    "begin_mitigation": _CONTAINMENT,
    "begin_recovery": _MITIGATION,
    "begin_review": _RECOVERY,
    "close": _REVIEW,
}
