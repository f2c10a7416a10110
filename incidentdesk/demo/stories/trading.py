"""Stories: abnormal trading behaviour and anomalies."""

from __future__ import annotations

from functools import partial

from incidentdesk.demo.story import Story

_story = partial(Story, category="abnormal_trading")

REJECT_RATIO = _story(
    title="Order-reject ratio above normal",
    axes=(2, 2, 2),
    systems=("risk-engine",),
    partners="H",
    shown="More rejected orders than usual",
    meaning="About 3 % of your orders were rejected for a price band that was too narrow.",
    first="About 3 % of your orders are rejected for their price. The price band "
    "of six instruments is too narrow; we are correcting it.",
    clear="The price bands are corrected and your reject ratio is back to normal.",
    updates=(
        "Rejects concern six instruments with a band of 0.1 % instead of 1 %.",
        "Bands set by hand for the six; the ratio falls.",
    ),
    cause="A decimal point in the reference file of the day.",
    root="Price bands are loaded without a check against the day before.",
    actions=(("prevent", "Refuse price bands that change by more than half"),),
    lesson="Compare each day's reference data with the day before.",
    tags=("risk", "reference data"),
    by="anomaly",
)

STORIES = (
    _story(
        title="Duplicate fills after a replay",
        axes=(4, 2, 3),
        systems=("matching-core", "ledger"),
        partners="T",
        shown="Duplicate execution reports",
        meaning="37 fills reached you twice. Positions in our books count each once.",
        first="37 execution reports were sent to you twice. Only the first of each pair counts; "
        "please do not book the second. The list follows within four hours.",
        clear="The list of the doubled reports is in your portal; books and drop copy agree.",
        updates=(
            "Replay after a reconnect began at the wrong sequence number.",
            "Sender stopped for this session; the last 400 reports compared by hand.",
            "Duplicate check by execution id is active on all sessions.",
        ),
        cause="The replay counted from the last report sent, not from the last one acknowledged.",
        root="Replay and live sending keep two counters that may differ after a crash.",
        actions=(
            ("prevent", "Keep one counter for replay and live sending"),
            ("prevent", "Drop reports whose execution id was sent before"),
            ("detect", "Compare reports with the ledger every minute"),
        ),
        lesson="Send at least once only where the receiver can tell a repeat.",
        tags=("fix", "replay", "ledger"),
        by="staff",
    ),
    _story(
        title="One account sends 400 orders a second",
        axes=(3, 2, 3),
        systems=("order-gateway-eu",),
        partners="H",
        shown="Order rate limit reached",
        meaning="The limit of one of your accounts was lowered to 50 orders a second.",
        first="One of your accounts sends far more orders than usual. We lowered its limit to 50 "
        "a second and ask you to check the algorithm behind it.",
        clear="You confirmed that the algorithm is stopped; the usual limit is back.",
        updates=(
            "Orders and cancels alternate in pairs; fill ratio near zero.",
            "Limit lowered; the partner's desk looks for the algorithm.",
        ),
        cause="An algorithm of the partner that cancelled its own quotes in a loop.",
        root="Limits a session exist, limits an account did not.",
        actions=(
            ("prevent", "Set order rate limits per account"),
            ("detect", "Alert on a fill ratio below 0.1 % over a minute"),
        ),
        lesson="Limit what one algorithm can do, not only one connection.",
        tags=("limits", "algorithms"),
        by="anomaly",
    ),
    _story(
        title="Prices outside the band on one instrument",
        axes=(2, 3, 3),
        systems=("md-normaliser-eu",),
        partners="HN",
        shown="Wrong prices for one instrument",
        meaning="One instrument was quoted at a hundredth of its price for 6 minutes.",
        first="One instrument is quoted at a hundredth of its price. Orders in it are halted; "
        "orders in other instruments are not affected.",
        clear="Prices are correct, and trading in the instrument is open again.",
        updates=("The venue changed the tick unit at the open; our table has the old one.",),
        cause="A change of units at the venue that was announced and not loaded.",
        root="Announcements of venues are read by a person and typed in.",
        actions=(
            ("prevent", "Load venue announcements by file"),
            ("detect", "Halt an instrument whose price jumps by a factor of ten"),
        ),
        lesson="A sanity check on prices costs less than one minute of wrong ones.",
        tags=("market data", "reference data"),
    ),
    _story(
        title="Kill switch of one strategy did not answer",
        axes=(4, 1, 2),
        systems=("risk-engine",),
        partners="",
        meaning="",
        first="",
        clear="",
        updates=(
            "Test of the kill switch got no answer within its 2 seconds.",
            "The strategy is halted by hand; the switch answers after a restart.",
        ),
        cause="The listener of the kill switch waited for a log volume that was full.",
        root="The listener writes its log before it acts.",
        actions=(
            ("prevent", "Let the kill switch act before it writes"),
            ("detect", "Test every kill switch each morning"),
        ),
        lesson="What must always work may depend on nothing.",
        tags=("kill switch", "risk"),
        by="staff",
    ),
    _story(
        title="Order size ten times the usual",
        axes=(3, 2, 3),
        systems=("order-gateway-us",),
        partners="T",
        shown="Unusually large orders",
        meaning="Three orders with ten times your usual size were held for your confirmation.",
        first="Three of your orders have ten times the usual size. We hold them and ask you to "
        "confirm or cancel them.",
        clear="You cancelled the three orders; the hold is lifted.",
        updates=("All three come from one user of the partner, minutes after a login.",),
        cause="A lot size entered as a number of contracts.",
        root="The order form of the partner has one field for two units.",
        actions=(("prevent", "Hold orders above five times the usual size"),),
        lesson="Hold and ask: it is quicker than a bust.",
        tags=("limits", "order entry"),
        by="anomaly",
    ),
    _story(
        title="Cancel requests ignored for four minutes",
        axes=(3, 3, 3),
        systems=("order-gateway-eu", "matching-core"),
        partners="HNT",
        shown="Cancel requests not processed",
        meaning="Cancel requests of about four minutes were processed late.",
        first="Cancel requests are processed late. New orders are refused until cancels work "
        "again; a list of late cancels follows.",
        clear="Cancels are processed at once again; the list of late ones is in your portal.",
        updates=(
            "Cancels wait behind a burst of new orders in one queue.",
            "New orders refused; the queue of cancels is empty.",
            "Cancels have a lane of their own; order entry is open again.",
        ),
        cause="A burst of orders at the open filled the queue that cancels share.",
        root="Orders and cancels share one queue, first come first served.",
        actions=(
            ("prevent", "Give cancels a queue of their own, served first"),
            ("detect", "Alert on cancels older than 200 ms"),
        ),
        lesson="The way out needs a door of its own.",
        tags=("order entry", "queues"),
        by="partner",
    ),
    _story(
        title="Quote-to-trade ratio above the venue's limit",
        axes=(2, 2, 2),
        systems=("order-gateway-us",),
        partners="N",
        shown="Quote-to-trade ratio above a venue's limit",
        meaning="The venue may charge for the excess of two trading days.",
        first="Your quote-to-trade ratio at one venue is above its limit. We throttle quotes to "
        "stay below it; please look at the strategy.",
        clear="The ratio is below the limit again; the throttle is lifted.",
        updates=("The venue lowered its limit on the first of the month.",),
        cause="The venue's new limit was not in our table.",
        root="Limits of venues are reviewed once a year.",
        actions=(("detect", "Compare limits with the venues' lists each month"),),
        lesson="Other people's limits change without asking us.",
        tags=("limits", "venues"),
    ),
    _story(
        title="Algorithm parameters of the test system in production",
        axes=(4, 2, 3),
        systems=("order-gateway-eu",),
        partners="H",
        shown="Orders with wrong parameters",
        meaning="112 orders went out with parameters of the test system; 9 were filled.",
        first="112 of your orders were sent with wrong parameters. They are cancelled where they "
        "were open; 9 were filled and we are asking the venue to bust them.",
        clear="The venue busted 7 of the 9 fills; two stand and are settled with you.",
        updates=(
            "The last deployment carries the wrong parameter set; it is rolled back.",
            "Open orders cancelled; the venue's desk has our request for busts.",
        ),
        cause="A deployment that took its parameters from the test system.",
        root="Both systems read parameters from one store and tell them apart by a prefix.",
        actions=(
            ("prevent", "Separate the parameter stores of test and production"),
            ("prevent", "Refuse a start with parameters of another system"),
            ("respond", "Keep the venues' bust procedures in the runbook"),
        ),
        lesson="Test and production must not be able to reach each other's settings.",
        tags=("deployment", "configuration"),
        floors=("erroneous_orders",),
    ),
    _story(
        title="Self-trades between two accounts",
        axes=(2, 2, 2),
        systems=("matching-core",),
        partners="T",
        shown="Trades between two of your accounts",
        meaning="Two of your accounts traded with each other 14 times.",
        first="Two of your accounts traded with each other. We switched self-trade prevention on "
        "for both and ask you to tell us whether it was intended.",
        clear="You confirmed that it was not intended; prevention stays on for all accounts.",
        updates=("Prevention groups were lost when the accounts were renamed.",),
        cause="Renaming the accounts removed them from their prevention group.",
        root="Groups name accounts by their label, not by their id.",
        actions=(("prevent", "Keep prevention groups by account id"),),
        lesson="Names change, ids do not.",
        tags=("matching", "surveillance"),
        by="log",
    ),
)
