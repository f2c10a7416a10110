"""The post office on the desk: one file per model."""

from notifications.admin import escalation, group, message, path

__all__ = ["escalation", "group", "message", "path"]
