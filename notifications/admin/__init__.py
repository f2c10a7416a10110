"""The post office on the desk: one file per model."""

from notifications.admin import escalation, group, layer, message, path, rota

__all__ = ["escalation", "group", "layer", "message", "path", "rota"]
