"""What comes after an incident, on the desk: one file per model."""

from reviews.admin import lesson, preventive_action, review

__all__ = ["lesson", "preventive_action", "review"]
