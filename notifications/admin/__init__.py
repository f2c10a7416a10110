"""The post office on the desk: one file per model."""

from notifications.admin import contact, escalation, group, message, path

__all__ = ["contact", "escalation", "group", "message", "path"]
