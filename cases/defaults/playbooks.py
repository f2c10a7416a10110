"""The shipped playbooks: seven or eight tasks for each phase of each category."""

from __future__ import annotations

# category → phase → tasks in order
PLAYBOOKS: dict[str, dict[str, list[str]]] = {
    "unauthorised_access": {
        "containment": [
            "Freeze the account(s), session(s), token(s) and API key(s) seen; kill live "
            "sessions [E].",
            "Block source addresses/ASN at the edge and on the bastion [E].",
            "Isolate touched hosts on the network without powering off; take memory and disk "
            "image first where possible [E].",
            "Preserve auth, VPN, bastion, API and audit logs to write-once storage with "
            "hashes [E].",
            "Suspend trading and withdrawal rights bound to the identity; ask risk to review "
            "open orders [2].",
            "Move responder talk to an out-of-band channel; restrict the incident to named people.",
            "Check for other identities from the same source or device.",
            "Tell the affected partner's security contact if its identity or data is involved [P].",
        ],
        "mitigation": [
            "Reset credentials and MFA for affected people; re-enrol devices [E].",
            "Rotate every secret reachable from touched hosts, list and tick each [E][2].",
            "Remove persistence (keys, cron, users, webhooks, OAuth grants, forwarding rules) [E].",
            "Close the entry point (patch, config, firewall, policy) with change record [2].",
            "Raise detection: rule for the observed pattern, tested with a replay [E].",
            "Review privileges of the role; cut what was not used.",
            "Rebuild rather than clean when integrity is in doubt.",
        ],
        "recovery": [
            "Bring rebuilt hosts back from known-good images; verify checksums [E].",
            "Re-enable identities one by one after identity proof [2].",
            "Compare critical data and configuration against last trusted backup [E].",
            "Review all orders/trades/config changes made under the identity with the "
            "partner [P][E].",
            "Watch for return for 72 h with heightened alerting.",
            "Confirm to partners what was and was not accessed [P].",
            "Lift temporary blocks on purpose, not by forgetting.",
        ],
    },
    "abnormal_trading": {
        "containment": [
            "Decide kill switch: cancel open orders for the algorithm/account/partner/venue "
            "concerned [2][E].",
            "Halt or throttle the order flow at the gateway (per account, instrument, venue).",
            "Tighten pre-trade limits (price band, size, rate, notional).",
            "Stop the scheduler/strategy/feature flag that changed last.",
            "Freeze automatic position or margin actions fed by suspect data.",
            "Snapshot order book, message logs, config and build ids [E].",
            "Tell venue/broker control desks where erroneous orders stand [P].",
            "Name the exposed positions and their owner.",
        ],
        "mitigation": [
            "Reconstruct the sequence (input, decision, order, ack, fill) for a sample and "
            "for the worst case [E].",
            "Roll back code or parameters, or disable the path [2].",
            "Ask for busts/cancels within the venue's window, note the deadline [P][E].",
            "Agree unwind or hedge plan with risk and partner [2].",
            "Add a guard that would have stopped it (limit, sanity check, duplicate id "
            "check) and test it with a replay [E].",
            "Check sister strategies/partners on the same build.",
            "Decide surveillance/market-abuse escalation with compliance.",
        ],
        "recovery": [
            "Reconcile orders, fills and positions against venue drop copy to zero difference [E].",
            "Re-open flow in steps: one account, one instrument, then all, with a hold "
            "between [E].",
            "Watch reject ratio, order rate, fill ratio, latency for one full session phase.",
            "Reset limits to normal with approval [2].",
            "Give each partner its list of affected orders and trades [P][E].",
            "Confirm fee/PnL corrections are booked.",
            "Record first-good time.",
        ],
    },
    "outage": {
        "containment": [
            "Confirm blast radius: region, zone, component, partners.",
            "Shift traffic to the healthy site/replica; stop the flapping one.",
            "Shed load: disable non-trading jobs, raise cache, rate-limit bulk API.",
            "Freeze deployments and config changes.",
            "Stop auto-remediation that makes it worse.",
            "Put order entry into a defined state (cancel-on-disconnect, cancel-only, or "
            "halted) and say so [P].",
            "Save logs, dumps, metrics before restarts [E].",
            "Open the supplier ticket with reference [E].",
        ],
        "mitigation": [
            "Apply the known runbook step; one change at a time, timed [E].",
            "Roll back the last change if within its window [2].",
            "Add capacity or replace the failed part.",
            "Repair the data path (queue drain, replica resync) without losing order.",
            "Verify clocks, certificates, DNS and disk on the way.",
            "Set a workaround for partners with steps and expiry [P].",
            "Test failback in a low-risk slice.",
        ],
        "recovery": [
            "Fail back or declare the new site normal [2].",
            "Prove backlog zero and sequence numbers continuous [E].",
            "Run synthetic order through each venue and partner path [E].",
            "Reconcile session state: open orders, cancels, drop copies [E].",
            "Back in band for the soak time.",
            "Restore redundancy and test it, not only capacity [E].",
            "Compute downtime minutes per partner for service credits and DORA fields [E].",
            "All-clear notice [P].",
        ],
    },
    "data_integrity": {
        "containment": [
            "Stop writers of the bad data; make the store read-only if needed [2].",
            "Stop consumers that act on it (pricing, risk, margin, order routing).",
            "Pin last known good version and mark records since as suspect [E].",
            "Freeze config pipeline; export current config and diff [E].",
            "Switch to secondary source (prices, reference data) after plausibility check.",
            "Hold exports and partner files in the queue [P].",
            "Snapshot before any correction [E].",
        ],
        "mitigation": [
            "Find the first bad record and the change that caused it [E].",
            "Write the correction as a reviewed, repeatable script; dry run with counts [2][E].",
            "Restore from backup to a side copy and compare [E].",
            "Fix the validation gap (schema, range, cross-check, four-eyes).",
            "Correct derived data (positions, statements, indices) in dependency order.",
            "Trace where bad data went: partners, regulators, reports [E].",
            "Decide restatement wording with compliance.",
        ],
        "recovery": [
            "Run full reconciliation, totals and samples, signed [E][2].",
            "Re-issue corrected files with version marks [P].",
            "Turn consumers on one at a time, watching differences.",
            "Lift read-only and pipeline freeze.",
            "Prove backups are clean from which date [E].",
            "Tell each partner the exact window and records affected [P][E].",
            "Keep the suspect set until review ends.",
        ],
    },
    "api_security": {
        "containment": [
            "Disable or scope down the key, certificate or OAuth client [E].",
            "Apply per-key and per-partner rate limit or block; keep cancel-order calls open "
            "where safe.",
            "Block the abused route, version or webhook target.",
            "Require signed requests/IP allow list for the partner meanwhile [P].",
            "Save request logs with bodies (secrets masked) and ids [E].",
            "Check whether orders, transfers or data reads succeeded [E].",
            "Call the partner's technical and security contact, agree who does what [P].",
            "Stop outbound webhooks carrying sensitive data.",
        ],
        "mitigation": [
            "Issue new credentials over a verified channel, not the old one [P][2].",
            "Fix the flaw (authz check, replay window, signature, input limits) with a "
            "failing test first [E].",
            "Revalidate other partners on the same code path.",
            "Purge leaked secrets from repos, logs, tickets; confirm revocation works [E].",
            "Add detection: unusual geography, velocity, 4xx burst, new user agent.",
            "Review scopes: least privilege for the key.",
            "Ask partner for a root cause on its side with due date [P].",
        ],
        "recovery": [
            "Partner re-certifies on test environment (auth, order, cancel, limits) [P][E].",
            "Re-enable in steps with lowered limits first.",
            "Compare partner's activity with its own records [P][E].",
            "Raise limits back after a quiet period [2].",
            "Rotate our side's shared secrets and webhook signing keys [E].",
            "Confirm no leftover temporary allow rule.",
            "Written confirmation from the partner that its users were handled by its own "
            "process [P].",
        ],
    },
}
