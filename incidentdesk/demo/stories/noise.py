"""What turned out to be none: false positives, and one duplicate."""

from __future__ import annotations

from incidentdesk.demo.story import Noise

NOISE = (
    Noise(
        "Order rate zero on one session",
        "outage",
        (2, 2, 3),
        "The partner closed its session for a planned test; its notice was filed under another "
        "date.",
    ),
    Noise(
        "Quote age above 2 s in the US",
        "outage",
        (2, 3, 3),
        "The venue opened late today; there were no quotes to age.",
    ),
    Noise(
        "Logins at night from an unknown network",
        "unauthorised_access",
        (2, 2, 3),
        "The partner moved its night shift to another office and told us last week.",
        by="log",
    ),
    Noise(
        "Settlement totals differ",
        "data_integrity",
        (2, 2, 2),
        "The comparison ran before the last file had arrived; the next run agrees.",
        by="pager",
    ),
    Noise(
        "Reject ratio of one account at 100 %",
        "abnormal_trading",
        (2, 2, 3),
        "Two orders, both rejected for a typing error; the ratio needs a minimum count.",
        by="anomaly",
    ),
    Noise(
        "Unknown key used 12 times",
        "api_security",
        (2, 2, 2),
        "A partner's test system with a key of our test system; no access was possible.",
    ),
    Noise(
        "Disk of the archive host at 91 %",
        "outage",
        (1, 1, 1),
        "The limit was meant for another host; this one is emptied every night.",
    ),
    Noise(
        "Cancel burst on one account",
        "abnormal_trading",
        (2, 2, 3),
        "End-of-day cancel of the partner's algorithm, as agreed with its desk.",
        by="anomaly",
    ),
    Noise(
        "Execution reports late on node 3",
        "outage",
        (3, 2, 3),
        "Another sign of the same partition.",
        by="pager",
        duplicate_of="Message bus partition in one zone",
    ),
    Noise(
        "Certificate mismatch on a spare host",
        "api_security",
        (1, 1, 2),
        "The spare is being set up and serves nobody yet.",
    ),
)
