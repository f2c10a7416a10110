"""What beat asks the worker for, and how often, in seconds; what expired was asked again since."""

from __future__ import annotations

from typing import Any

EVERY: dict[str, dict[str, Any]] = {
    "sweep-messages": {
        "task": "notifications.jobs.sweep",
        "schedule": 5.0,
        "options": {"queue": "page", "expires": 30},
    },
    "note-beat": {
        "task": "incidentdesk.kernel.jobs.note_beat",
        "schedule": 15.0,
        "options": {"queue": "page", "expires": 30},
    },
    "sweep-webhooks": {
        "task": "notifications.jobs.deliver_webhooks",
        "schedule": 5.0,
        "options": {"queue": "webhooks", "expires": 30},
    },
    "look-at-rotas": {  # mails an owner once a change
        "task": "notifications.jobs.look_at_rotas",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "try-ways": {
        "task": "notifications.jobs.try_ways",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "open-pending-events": {
        "task": "cases.jobs.open_pending",
        "schedule": 15.0,
        "options": {"expires": 60},
    },
    "end-maintenance": {
        "task": "cases.jobs.end_maintenance",
        "schedule": 15.0,
        "options": {"expires": 60},
    },
    "calm-storms": {
        "task": "cases.jobs.calm_storms",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "find-missing-beats": {
        "task": "cases.jobs.find_missing_beats",
        "schedule": 60.0,
        "options": {"expires": 120},
    },
    "add-due-floors": {
        "task": "cases.jobs.add_due_floors",
        "schedule": 60.0,
        "options": {"expires": 120},
    },
    "warn": {
        "task": "cases.jobs.warn",
        "schedule": 15.0,
        "options": {"expires": 60},
    },
    "page-again": {
        "task": "cases.jobs.page_again",
        "schedule": 15.0,
        "options": {"expires": 60},
    },
    "remind-of-notices": {
        "task": "cases.jobs.remind_of_notices",
        "schedule": 30.0,
        "options": {"expires": 60},
    },
    "send-digests": {
        "task": "cases.jobs.send_digests",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "sweep-evidence": {
        "task": "cases.jobs.sweep_evidence",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "remind-of-actions": {
        "task": "reviews.jobs.remind_of_actions",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "remind-partners": {
        "task": "cases.jobs.remind_partners",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "take-checkpoint": {  # once a day; asked for more often, so that a restart misses none
        "task": "cases.jobs.take_checkpoint",
        "schedule": 600.0,
        "options": {"expires": 300},
    },
    "watch-series": {
        "task": "cases.jobs.watch_series",
        "schedule": 30.0,
        "options": {"expires": 60},
    },
    "measure-desk": {
        "task": "cases.jobs.measure_desk",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "ask-prometheus": {
        "task": "cases.jobs.ask_prometheus",
        "schedule": 15.0,
        "options": {"queue": "webhooks", "expires": 30},
    },
    "prune-figures": {
        "task": "cases.jobs.prune_figures",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "open-missing-reviews": {
        "task": "reviews.jobs.open_missing",
        "schedule": 60.0,
        "options": {"expires": 120},
    },
    "remind-of-recurrences": {  # one mail a person and month
        "task": "reviews.jobs.remind_of_recurrences",
        "schedule": 6 * 3600.0,
        "options": {"expires": 3600},
    },
    "take-audit-trail": {  # and judges what a lost nudge left
        "task": "cases.jobs.take_audit_trail",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "seal-audit-trail": {
        "task": "incidentdesk.kernel.jobs.seal_audit_trail",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "mail-links": {
        "task": "incidentdesk.kernel.jobs.mail_links",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "let-go": {  # of what is older than it is kept; asked for more often, for restarts
        "task": "incidentdesk.kernel.jobs.let_go",
        "schedule": 6 * 3600.0,
        "options": {"expires": 3600},
    },
    "prune-sent-forms": {
        "task": "incidentdesk.kernel.jobs.prune_sent_forms",
        "schedule": 24 * 3600.0,
        "options": {"expires": 3600},
    },
    "prune-sessions": {
        "task": "incidentdesk.kernel.jobs.prune_sessions",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
}
