"""What is said in most incidents: notes of tasks, statements, controls, documents, by category."""

from __future__ import annotations

from dataclasses import dataclass

from cases.evaluation import AXES, Support
from incidentdesk.demo.story import Story


@dataclass(frozen=True)
class Words:
    """The usual words of one category. A control is name, verdict, what must change."""

    isolated: str
    restored: str
    waived: str
    controls: tuple[tuple[str, str, str], ...]
    documents: tuple[str, ...]
    factors: tuple[str, ...]
    well: tuple[str, ...]
    badly: tuple[str, ...]


BY_CATEGORY = {
    "outage": Words(
        "taken out of the pool, traffic moved to the healthy node",
        "back in the pool after 30 minutes in band",
        "No remediation runs here, and no supplier is involved.",
        (
            ("Capacity and redundancy policy", "worked", ""),
            ("Change freeze during market hours", "failed", "Let the pipeline enforce the freeze."),
            ("Failover runbook", "missing", "Write the steps for this component."),
            ("Monitoring standard", "not_tested", ""),
        ),
        ("Runbook: failover and fail-back", "Service catalogue: dependencies", "Partner guide"),
        (
            "The alert fired on a symptom two steps away from the cause.",
            "The component had been moved shortly before, and its owner changed with it.",
            "Two dashboards showed different figures for the same thing.",
        ),
        (
            "Traffic was moved within minutes because the step had been rehearsed.",
            "Partners had a first notice before they asked.",
        ),
        (
            "Ten minutes went into finding who owns the component.",
            "The first restart destroyed a dump that would have told the cause.",
        ),
    ),
    "abnormal_trading": Words(
        "order flow halted for the account concerned, open orders cancelled",
        "flow opened in steps, reject ratio and fill ratio in band",
        "No position was at risk, so that no hedge is needed.",
        (
            ("Pre-trade risk limits", "failed", "Add the limit that would have stopped it."),
            ("Kill switch procedure", "worked", ""),
            ("Release checklist for trading systems", "missing", "Add a replay of one full day."),
            ("Surveillance rules", "not_tested", ""),
        ),
        ("Runbook: halting order flow", "Limit handbook", "Venue contacts and bust windows"),
        (
            "The limit that exists looks at sessions, and the trouble was in one account.",
            "Nobody watches this ratio outside the first hour.",
            "The change had been announced in a channel that few read.",
        ),
        (
            "The decision to halt was taken within five minutes.",
            "The venue's desk was reached at the first call.",
        ),
        (
            "The list of affected orders had to be built by hand.",
            "Risk and operations looked at different figures for a while.",
        ),
    ),
    "data_integrity": Words(
        "writers stopped, exports held, last good version pinned",
        "reads and writes open again after a full reconciliation",
        "Nothing derived from these data had left the house.",
        (
            ("Four-eyes rule for corrections", "worked", ""),
            ("Validation of inbound files", "failed", "Check ranges and compare with yesterday."),
            ("Reconciliation schedule", "missing", "Reconcile within the day, not after it."),
            ("Backup policy", "not_tested", ""),
        ),
        ("Runbook: corrections of the ledger", "Data dictionary", "Description of partner files"),
        (
            "The value was possible, only not plausible, and nothing asks for plausibility.",
            "The check that would have seen it runs at night.",
            "Two systems hold the same list and neither is the master.",
        ),
        (
            "Exports were held before a wrong file was processed.",
            "The correction was a reviewed script with a dry run.",
        ),
        (
            "It took an hour to find the first wrong record.",
            "One partner found it before we did.",
        ),
    ),
    "unauthorised_access": Words(
        "sessions killed, account frozen, logs copied to write-once storage",
        "rebuilt from a known-good image, identities enabled one by one",
        "No host was touched, so that none has to be rebuilt.",
        (
            ("Access control policy", "failed", "Review privileged access each month."),
            ("Second factor for all staff", "worked", ""),
            ("Joiners, movers and leavers", "missing", "Take departures from the register."),
            ("Log retention policy", "not_tested", ""),
        ),
        ("Runbook: account takeover", "Access control policy", "Security contacts of partners"),
        (
            "The account had more rights than its owner used.",
            "Logs of this host reached the store with an hour's delay.",
            "The same alert had been noisy before and was read late.",
        ),
        (
            "Sessions were killed before anything was read.",
            "The partner's security contact was on the phone within ten minutes.",
        ),
        (
            "Two people collected evidence twice and none wrote down the hashes at first.",
            "The ticket told more people than it should have.",
        ),
    ),
    "api_security": Words(
        "key revoked and route blocked at the edge",
        "client enabled again with lower limits, quiet for a day",
        "Cancel calls are not affected and stay open.",
        (
            ("API security standard", "failed", "Test authorisation of every route in the build."),
            ("Key management policy", "worked", ""),
            ("Rate limit policy", "missing", "Write down limits by client and route."),
            ("Partner onboarding checklist", "not_tested", ""),
        ),
        ("API guide for partners", "Runbook: leaked credentials", "Onboarding checklist"),
        (
            "The route was older than the check and had never been moved behind it.",
            "Limits were tuned for one large client and kept for all.",
            "The partner's technical contact had changed.",
        ),
        (
            "The key was revoked within minutes, and revocation was tested.",
            "The partner confirmed its own traffic from its own logs.",
        ),
        (
            "Request logs had to be joined from three places.",
            "A new key was asked for over the channel that had leaked.",
        ),
    ),
}

DONE = {
    "containment": (
        "Done; the record of it hangs on the change.",
        "Done by two people, logged in the channel of the incident.",
        "Done and checked against monitoring.",
    ),
    "mitigation": (
        "Done with a reviewed change; the way back is written down.",
        "Done and tested with a replay of the day.",
        "Done; a second person looked at the result.",
    ),
    "recovery": (
        "Done; figures compared, no difference.",
        "Done and watched for the set time.",
        "Done; partners confirmed their side.",
    ),
}
STATEMENTS = {
    "no_systems": "No system of ours is touched; looked through the register.",
    "no_partners": "No partner sees it: nothing of theirs runs on what is affected.",
    "no_growth": "Counters have not moved for 15 minutes on any affected system.",
    "regulatory_decided": "No threshold of DORA or NIS2 is reached so far; looked at again at each "
    "change of severity.",
    "no_duplicate": "Looked through the open incidents of these systems; none is the same.",
    "detection_added": "A rule for this pattern is in place and fired in a replay.",
    "blocks_lifted": "Every temporary block is lifted; the list is ticked off.",
    "market_open_seen": "In band over the open of all venues concerned.",
    "all_clear_not_needed": "No partner was told, none needs an all-clear.",
}
DECISIONS = {
    "notify": "Its sessions run over what is affected, and it has to route around it.",
    "digest": "It noticed little and has nothing to do; the digest of the month says so.",
}
EXPOSURES = (
    "None: what was open is closed, and watched.",
    "One node still runs without its spare until tomorrow.",
    "Files of yesterday may hold wrong figures; they are held back.",
    "The old credential is revoked; a cached copy may live for an hour.",
)
FIXES = {
    "outage": "Resubscribe and fail over by itself when the first signs show.",
    "abnormal_trading": "Back to the parameters before the change, with a limit that stops it.",
    "data_integrity": "Correct the records by a reviewed script and check the range on entry.",
    "unauthorised_access": "Close the way in, rotate what was reachable, and cut its rights.",
    "api_security": "Check the caller's rights on this route, and issue new credentials.",
}
CHECKS = (
    ("Synthetic order through every venue", "All acknowledged, slowest 41 ms."),
    ("Reject ratio", "0.3 %, as on an ordinary day."),
    ("Backlog of the drop copy", "Zero, sequence numbers without a gap."),
    ("Age of quotes", "Below 150 ms at the 99th percentile."),
)
RECONCILED = (
    ("Orders against the venues' drop copy", 18_412),
    ("Positions against the ledger", 2_960),
    ("Fills against partners' own records", 7_305),
    ("Configuration against the last good version", 318),
)
UPDATE_NOTICE = (
    "It is contained: nothing further is affected. We are correcting the cause and will write "
    "again when it is done."
)
NAMED_NOTICE = (
    "For you by name, and for nobody else: some of the attempts came from an address inside your "
    "network, on two evenings. Please speak with us by phone before you look into it, so that "
    "whoever did it is not warned."
)
ALONE = "Orders were lost by the minute, and neither approver answered within five minutes."
EARLY_NOTICE = "We are looking into it and will write again shortly."
EVIDENCE = "Tried in the test environment and looked at for a week; the record is attached."
PROOFS = ("Version 2 is published.", "Merged and announced.", "Published on the wiki, dated.")
DONE_ACTIONS = (
    "In production since this release; shown in the weekly meeting.",
    "Tested with a drill; the record hangs on the change.",
    "Done; monitoring shows it works.",
)

_URGENT = {
    3: "The market is open for what is affected",
    2: "A workaround holds for the day",
    1: "Stable, and nothing is open",
}


def rests_on(story: Story) -> dict[str, Support]:
    """What the three values of an evaluation rest on, in the commander's words."""
    affected = f"Affected: {', '.join((*story.systems, *story.codes))}"
    words = (story.updates[0], affected, _URGENT[story.axes[2]])
    return {axis: Support(said) for axis, said in zip(AXES, words, strict=True)}


# Of every review alike.
NOT_DETECTED = "Nothing measured it by itself; it showed only in what depends on it."
LUCK = "It was seen while people were at their desks, and not at night."
DONE_WHEN = "The new version is published, and those who work by it have read it."
