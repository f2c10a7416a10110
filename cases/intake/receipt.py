"""What becomes of a delivery, as its sender is answered and as the desk reads it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cases.models import Incident


@dataclass
class Receipt:
    """What became of a delivery: `status` and the references of the incidents concerned.

    The sender reads them, so a restricted incident is concerned without being named.
    """

    status: str = "ignored"
    references: list[str] = field(default_factory=list)
    incident_id: int | None = None
    concerns: set[int] = field(default_factory=set)
    held: list[str] = field(default_factory=list)  # what held alerts back, by name

    def hold(self, names: list[str]) -> None:
        """Remember what held alerts back; where nothing else became of any, that is the status."""
        self.held += names
        if names and self.status == "ignored":
            self.status = "suppressed"

    @property
    def said(self) -> str:
        """What became of the delivery, for the desk."""
        by = f" by {', '.join(self.held)}" if self.held else ""
        if self.status == "suppressed":
            return f"suppressed{by}"
        named = f"{self.status} {', '.join(self.references[:8])}".strip()
        return f"{named}; others suppressed{by}" if by else named

    def note(self, status: str, incident_id: int, reference: str) -> None:
        """Remember one incident, by name if it has one outside; opened outranks folded outranks
        resolved."""
        order = ("ignored", "suppressed", "resolved", "folded", "opened")
        self.status = max(self.status, status, key=order.index)
        self.incident_id = self.incident_id or incident_id
        self.concerns.add(incident_id)
        if reference and reference not in self.references:
            self.references.append(reference)


def told(incident: Incident) -> str:
    """The reference that a sender is told; that of a restricted incident stays inside."""
    return "" if incident.is_restricted else incident.reference
