"""Stories: infrastructure outages and degradations."""

from __future__ import annotations

from functools import partial

from incidentdesk.demo.story import Story

_story = partial(Story, category="outage")

STALE_PRICES = _story(
    title="Stale prices on the EU quote gateway",
    axes=(2, 3, 3),
    systems=("quote-gw-eu-2", "md-normaliser-eu"),
    partners="HNT",
    shown="Delayed quotes in the EU region",
    meaning="Quote stream EU-2 is degraded for your account. Use EU-1.",
    first="Quotes from one of our two EU gateways were up to 90 seconds old. The faulty gateway "
    "has been taken out of service; the other one serves correct prices. Orders were not affected.",
    clear="Both EU gateways serve current prices again.",
    updates=(
        "Sequence gap on the vendor feed; snapshots are replayed on quote-gw-eu-2 only.",
        "quote-gw-eu-1 is healthy: feed age below 40 ms, no gap in its sequence numbers.",
        "Feed handler on eu-2 stopped; the vendor confirms packet loss on its B line.",
    ),
    cause="A sequence gap on the vendor feed that the handler on quote-gw-eu-2 replays for ever.",
    root="",
    actions=(),
    lesson="",
    tags=(),
)
LATE_DROP_COPY = _story(
    title="Drop copy late for one partner",
    axes=(2, 2, 2),
    systems=("drop-copy",),
    partners="N",
    meaning="Your drop copy ran up to 11 minutes behind execution. No record was lost.",
    first="Your drop copy session is behind by several minutes. Executions and order entry are "
    "correct and current; please take fills from your order session meanwhile.",
    clear="Your drop copy is current again and complete; we compared every record of the day.",
    updates=(
        "Backlog of 41,000 records on one session; the other sessions are current.",
        "Backlog drains since the second writer was added; 9,000 left.",
    ),
    cause="One slow consumer held the shared writer of the drop copy.",
    root="All sessions share one writer, and a consumer that reads slowly blocks it.",
    actions=(("prevent", "Give every drop copy session a writer of its own"),),
    lesson="A slow reader is an input as well: bound what it can hold up.",
    tags=("drop copy", "back pressure"),
    by="alert",
)
EXPIRED_CERTIFICATE = _story(
    title="Expired certificate on the FIX gateway",
    axes=(3, 3, 2),
    systems=("fix-gateway", "order-gateway-eu"),
    partners="HT",
    shown="FIX sessions could not be established",
    meaning="New FIX logons were refused; sessions that were up stayed up.",
    first="New FIX sessions are refused since the certificate of our gateway expired. Sessions "
    "that are established are not affected. We are replacing the certificate.",
    clear="FIX logons work again with a new certificate; your certificate pins stay valid.",
    updates=(
        "The certificate of the gateway ran out; the renewal job reports success.",
        "New certificate in place on node 1, logons accepted; node 2 follows.",
    ),
    cause="The renewal job wrote the new certificate to a path that the gateway no longer reads.",
    root="The path moved with the last upgrade and nothing compares what is served with what "
    "was renewed.",
    actions=(
        ("prevent", "Let the renewal job check the served certificate"),
        ("detect", "Alert 21 days before any served certificate expires"),
    ),
    lesson="Monitor the certificate that is served, not the job that renews it.",
    tags=("certificates", "fix"),
    by="pager",
)

STORIES = (
    _story(
        title="FIX session flapping to one venue",
        axes=(2, 3, 3),
        systems=("fix-gateway",),
        partners="HN",
        shown="Unstable connection to one venue",
        meaning="Orders for this venue were queued for up to 20 seconds during reconnects.",
        first="Our connection to one venue drops and reconnects every few minutes. Orders are "
        "held and sent after each reconnect; route elsewhere if timing matters to you.",
        clear="The connection has been stable for a full session; queued orders were all sent.",
        updates=(
            "Heartbeats are missed on the primary line only; failover works every time.",
            "Moved to the secondary line for good until the carrier has looked at the first.",
        ),
        cause="A faulty optic on the carrier's primary line dropped large frames.",
        root="The line was never tested with full-size frames after the carrier's maintenance.",
        actions=(
            ("prevent", "Test lines with full-size frames after each maintenance"),
            ("detect", "Alert on three reconnects within ten minutes"),
        ),
        lesson="Failover that works every minute is an outage, not resilience.",
        tags=("fix", "network"),
    ),
    _story(
        title="Order gateway EU out of memory",
        axes=(3, 4, 3),
        systems=("order-gateway-eu",),
        partners="HNT",
        shown="Order entry in the EU region unavailable",
        meaning="Order entry was unavailable for 14 minutes; open orders were cancelled by rule.",
        first="Order entry in the EU region is unavailable. Open orders were cancelled under the "
        "cancel-on-disconnect rule. Use the US entry point for urgent orders.",
        clear="Order entry in the EU region is back. Please reconcile the cancelled orders with "
        "the list in your portal.",
        updates=(
            "Both nodes died within a minute of each other; heap full of unsent rejects.",
            "Node 1 back with a bounded queue; order entry is cancel-only until node 2 is up.",
            "Full service on both nodes; reject queue empty.",
        ),
        cause="A client that reconnected in a loop filled an unbounded queue of rejects.",
        root="The queue of outgoing rejects had no bound, so that one client could exhaust both "
        "nodes.",
        actions=(
            ("prevent", "Bound every outgoing queue of the order gateway"),
            ("prevent", "Limit logon attempts per session"),
            ("respond", "Rehearse the switch to the US entry point each quarter"),
        ),
        lesson="Every queue has a bound: the one you chose, or the memory of the machine.",
        tags=("order entry", "queues"),
    ),
    _story(
        title="Primary database of the back office failed over",
        axes=(2, 1, 2),
        systems=("backoffice-db",),
        partners="",
        meaning="",
        first="",
        clear="",
        updates=("Replica took over after 40 seconds; reports ran twice, none was lost.",),
        cause="A full disk on the primary after a stuck archive job.",
        root="The archive job retries without removing what it wrote before.",
        actions=(("prevent", "Remove partial archives before a retry"),),
        lesson="Alert on the slope of a disk, not on its last ten per cent.",
        tags=("database", "disk"),
    ),
    _story(
        title="Portal slow for all partners",
        axes=(1, 4, 2),
        systems=("partner-api",),
        partners="HNT",
        shown="Slow portal and reports",
        meaning="Pages and reports took up to 30 seconds. Trading was not affected.",
        first="The portal and the reporting API are slow at the moment. Trading is not affected.",
        clear="The portal and the reporting API answer at their usual speed again.",
        updates=("One statement reads the whole table since the statistics were reset.",),
        cause="A plan that changed after the weekly maintenance.",
        root="Maintenance resets statistics and the first analyse runs hours later.",
        actions=(("prevent", "Analyse tables as the last step of the maintenance"),),
        lesson="Maintenance ends when the system is as fast as before.",
        tags=("portal", "database"),
        by="partner",
    ),
    _story(
        title="Clock drift on the matching hosts",
        axes=(2, 4, 2),
        systems=("matching-core",),
        partners="",
        meaning="",
        first="",
        clear="",
        updates=(
            "Offset of 1.8 ms on two hosts; limit for timestamps is 1 ms.",
            "Hosts follow the second time source; offset below 50 µs.",
        ),
        cause="The first time source lost its antenna and went on serving.",
        root="A time source without a lock is still announced as good.",
        actions=(
            ("prevent", "Withdraw a time source that loses its lock"),
            ("detect", "Alert on offsets above 500 µs"),
        ),
        lesson="Ask a time source how it knows.",
        tags=("time", "matching"),
    ),
    _story(
        title="Margin feed stale after a fail-back",
        axes=(3, 2, 2),
        systems=("margin-feed",),
        partners="T",
        shown="Margin figures out of date",
        meaning="Margin figures shown to you were up to 50 minutes old. No margin call was issued "
        "on them.",
        first="Your margin figures are out of date since a fail-back to the other site. Automatic "
        "margin actions are on hold; nothing was called on old figures.",
        clear="Margin figures are current again; the automatic actions run again.",
        updates=("The feed reads from the site that was left; pinned to the new site by hand.",),
        cause="The feed kept the address of the site that had been left.",
        root="The fail-back runbook does not name the margin feed.",
        actions=(
            ("prevent", "Let consumers find the active site by name"),
            ("detect", "Alert on margin figures older than five minutes"),
        ),
        lesson="A fail-back is a failover in the other direction and needs the same list.",
        tags=("failover", "margin"),
        by="staff",
    ),
    _story(
        title="One network zone without its spare",
        axes=(1, 3, 1),
        systems=("order-gateway-us",),
        partners="H",
        shown="One network path of two",
        meaning="Your US sessions had one network path instead of two for a while; none was cut.",
        first="Your US sessions run over one network path instead of two; none is cut.",
        clear="Your US sessions have both network paths again.",
        updates=("Second switch is down; the first carries everything. Part is ordered.",),
        cause="A power supply failed in the second switch.",
        root="Both supplies of the switch hang on one circuit.",
        actions=(("prevent", "Feed the two supplies from two circuits"),),
        lesson="Redundancy is counted from the wall socket.",
        tags=("network", "power"),
    ),
    _story(
        title="Order acknowledgements slow in the US",
        axes=(2, 3, 3),
        systems=("order-gateway-us", "risk-engine"),
        partners="HT",
        shown="Slow order acknowledgements in the US region",
        meaning="Acknowledgements took up to 900 ms instead of 8 ms.",
        first="Order acknowledgements in the US region are slow. Orders are accepted and executed; "
        "do not resend orders that are not acknowledged yet.",
        clear="Acknowledgements are back below 10 ms; no order was lost or doubled.",
        updates=(
            "Risk checks wait for a lock; the position snapshot takes 800 ms.",
            "Snapshots moved off the path of orders; latency back to normal within a minute.",
        ),
        cause="A snapshot of positions held the lock that risk checks need.",
        root="The snapshot was moved into trading hours without a test under load.",
        actions=(
            ("prevent", "Take snapshots from the replica"),
            ("detect", "Alert on p99 of acknowledgements per region"),
        ),
        lesson="Nothing that can wait may hold what cannot.",
        tags=("latency", "risk"),
    ),
    _story(
        title="Message bus partition in one zone",
        axes=(3, 3, 3),
        systems=("message-bus", "drop-copy"),
        partners="HN",
        shown="Execution reports delayed",
        meaning="Execution reports were delayed by up to 4 minutes.",
        first="Execution reports are delayed for some sessions. Fills are correct in our books; "
        "we will replay every report in order.",
        clear="All execution reports were replayed in order; sequence numbers are continuous.",
        updates=(
            "Two of five brokers see each other, three see each other; writes refused on the two.",
            "Zone fenced off; consumers moved; replay has begun.",
        ),
        cause="A firewall change cut two brokers off from the other three.",
        root="The rule set was applied to all zones at once, and its check looks at one.",
        actions=(
            ("prevent", "Apply firewall changes zone by zone with a hold"),
            ("detect", "Alert when brokers disagree about who leads"),
        ),
        lesson="A change that is checked in one zone is a change in one zone.",
        tags=("change", "network"),
    ),
    _story(
        title="Overnight batch did not start",
        axes=(2, 2, 2),
        systems=("settlement-export",),
        partners="N",
        shown="Settlement file late",
        meaning="Your settlement file of the day came 2 h 20 late.",
        first="Your settlement file is late today. We expect to deliver it within three hours.",
        clear="Your settlement file has been delivered and its totals agree with our books.",
        updates=("The scheduler holds a lock of a run that ended two days ago.",),
        cause="A lock was left behind by a run that was killed.",
        root="The scheduler's lock has no owner and no time to live.",
        actions=(("prevent", "Tie the scheduler's lock to the life of its process"),),
        lesson="A lock needs an owner who can die.",
        tags=("batch", "settlement"),
        by="partner",
    ),
)
