"""What comes after an incident, on the desk: one file per model."""

from reviews.admin import (
    control,
    lesson,
    plan,
    preventive_action,
    problem,
    review,
    tracker,
)

__all__ = ["control", "lesson", "plan", "preventive_action", "problem", "review", "tracker"]
