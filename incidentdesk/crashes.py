"""Errors told to a Sentry, or whatever speaks its protocol, where SENTRY_DSN names one.

What is told is where in the code it happened, never what anybody wrote: no request, no person, no
values, and of an error its type without its words, which may quote a row. The id of the request or
job goes with it, by which the words are found in the log of the desk itself.
"""

from __future__ import annotations

import logging
from typing import Any, cast

from incidentdesk import logs

KEPT = ("request_id", "task", "task_id", "incident")
_DROPPED = ("request", "user", "breadcrumbs", "extra", "modules", "threads")


def tell(dsn: str, *, site: str, release: str) -> None:
    """From here on every error that is logged is told to `dsn`, in the background."""
    import sentry_sdk  # noqa: PLC0415 -- nobody pays for it who does not use it
    from sentry_sdk.integrations.atexit import AtexitIntegration  # noqa: PLC0415
    from sentry_sdk.integrations.logging import LoggingIntegration  # noqa: PLC0415

    sentry_sdk.init(
        dsn=dsn,
        release=f"incidentdesk@{release}",
        server_name=site,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR),
            AtexitIntegration(callback=lambda *_: None),  # the last ones go, without a word
        ],
        before_send=cast(Any, bare),
        traces_sample_rate=0,
        send_client_reports=False,
    )


def bare(event: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
    """The event without anything that may be somebody's."""
    for name in _DROPPED:
        event.pop(name, None)
    said = event.pop("logentry", None) or {}
    if said.get("message"):  # the sentence in the code, before anything was put into it
        event["logentry"] = {"message": logs.masked(str(said["message"]))}
    for error in (event.get("exception") or {}).get("values", []):
        error["value"] = ""
        for frame in (error.get("stacktrace") or {}).get("frames", []):
            frame.pop("vars", None)
    event["tags"] = logs.of(KEPT)
    return event
