"""The shipped templates of notices, by kind and category. Placeholders: see `cases.wording`."""

from __future__ import annotations

_UNTIL = "We will write again by {next_update}."
_LAST = "Please acknowledge this notice in your portal."

# kind → text for every category that has none of its own
TEMPLATES = {
    "first": "We have an incident that affects you: {title}.\n\n{meaning}\n\nIt began "
    f"{{started}}; we detected it {{detected}} and are working on it. {_UNTIL}\n\n{_LAST}",
    "update": "An update on {title}. It is in {phase}.\n\nSince our last notice: \n\nWhat it "
    f"means for you now: {{meaning}}\n\n{_UNTIL}",
    "all_clear": "{title} is over for you: service is back since {recovered}.\n\nPlease check on "
    "your side and tell us in your portal that it works again.",
    "correction": "We correct what we wrote about {title}.\n\nWe wrote: \n\nCorrect is: \n\n"
    "We are sorry for the mistake.",
    "report": "Our report on {title}.\n\nWhat happened: \n\nWhen: it began {started}, was "
    "detected {detected}, contained {contained} and recovered {recovered}.\n\nWhat it meant for "
    "you: {meaning}\n\nThe cause: \n\nWhat we change so that it does not return: ",
}

# category → kind → text
BY_CATEGORY = {
    "unauthorised_access": {
        "first": "Somebody had access that they should not have: {title}.\n\n{meaning}\n\nWe "
        "detected it {detected} and have closed the access that we know of. Please look through "
        f"what was done under your identities since {{started}}, and call us if in doubt. {_UNTIL}"
        f"\n\n{_LAST}",
        "all_clear": "{title} is over for you.\n\nWhat was accessed: \n\nWhat was not: \n\n"
        "Credentials that were reachable are replaced since {recovered}.",
    },
    "abnormal_trading": {
        "first": "Trading did not behave as it should: {title}.\n\n{meaning}\n\nIt began "
        "{started}. Please check your open orders and positions before you act on them. "
        f"{_UNTIL}\n\n{_LAST}",
        "all_clear": "{title} is over for you: trading is normal since {recovered}.\n\nOrders and "
        "trades that were affected: ",
    },
    "outage": {
        "first": "A service that you use is disturbed: {title}.\n\n{meaning}\n\nIt began "
        f"{{started}}. Until it is back, please: \n\n{_UNTIL}\n\n{_LAST}",
        "all_clear": "{title} is over for you: the service is back since {recovered}.\n\nPlease "
        "check on your side and tell us in your portal that it works again.",
    },
    "data_integrity": {
        "first": "Data that you get from us are wrong or missing: {title}.\n\n{meaning}\n\n"
        "Records since {started} are suspect; please do not act on them until we write again. "
        f"{_UNTIL}\n\n{_LAST}",
        "all_clear": "{title} is over for you: the data are corrected since {recovered}.\n\nThe "
        "window that was affected: \n\nCorrected files carry a new version.",
    },
    "api_security": {
        "first": "A key or an integration is misused or open to misuse: {title}.\n\n{meaning}"
        "\n\nWe detected it {detected}. New credentials come by a way that we agree with you by "
        f"phone, never by mail. {_UNTIL}\n\n{_LAST}",
        "all_clear": "{title} is over for you since {recovered}.\n\nYour new credentials are in "
        "force; the old ones are revoked. Please confirm in your portal that all works again.",
    },
}
