"""Whether a breach of personal data is to be notified: GDPR Articles 4(12), 33 and 34. Pure.

A processor tells the controller whatever the risk; a controller tells the authority unless a risk
is unlikely, and the people concerned where it is high.
"""

from __future__ import annotations

from dataclasses import dataclass

from cases.regulation.decision import Answer, Outcome

UNLIKELY, RISK, HIGH = "unlikely", "risk", "high"
CONTROLLER, PROCESSOR = "controller", "processor"


@dataclass(frozen=True)
class Inputs:
    """What is known; None is not known. `role` is ours as to the data."""

    personal_data: bool | None = None
    risk: str | None = None
    role: str = CONTROLLER


def classify(inputs: Inputs) -> Answer:
    """To be notified, not to be notified, or not to be decided yet, with the articles."""
    if inputs.personal_data is None:
        undecided: tuple[str, ...] = ("personal_data",)
        if inputs.role == CONTROLLER and inputs.risk is None:
            undecided = ("personal_data", "risk")
        return Answer(Outcome.OPEN, (), undecided=undecided)
    if not inputs.personal_data:
        return Answer(Outcome.NO, ("Art. 4(12) not met",))
    if inputs.role == PROCESSOR:
        return Answer(Outcome.YES, ("Art. 33(2)",))
    if inputs.risk is None:
        return Answer(Outcome.OPEN, ("Art. 4(12)",), undecided=("risk",))
    if inputs.risk == UNLIKELY:
        return Answer(Outcome.NO, ("Art. 33(1): a risk is unlikely", "Art. 33(5)"))
    articles = ("Art. 33(1)", "Art. 34(1)") if inputs.risk == HIGH else ("Art. 33(1)",)
    return Answer(Outcome.YES, articles)
