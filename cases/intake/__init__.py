"""The ways in which an incident begins: alerts, partner reports, declared by staff."""
