"""The post office on the desk: one file per model."""

from notifications.admin import contact, escalation, group, layer, path, rota

__all__ = ["contact", "escalation", "group", "layer", "path", "rota"]
