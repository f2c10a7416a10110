"""The desk's pages of this package, one file a model."""

from cases.admin import alert, checkpoint, event, incident, notice, registers, report, task

__all__ = ["alert", "checkpoint", "event", "incident", "notice", "registers", "report", "task"]
