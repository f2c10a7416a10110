"""The first version of how we handle incidents, as the desk ships it; see `cases.framework`."""

from __future__ import annotations

import re

_BEGINS = re.compile(r"- |\d+\. |## |$")


def _flowing(text: str) -> str:
    """A line for each paragraph and item: where it breaks on a page is not for a file to say."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if not lines or not lines[-1] or lines[-1].startswith("## ") or _BEGINS.match(line):
            lines.append(line)
        else:
            lines[-1] += f" {line.strip()}"
    return "\n".join(lines)


CHANGED = "This is the first version."
TEXT = _flowing(
    """\
This is how we handle incidents in the systems that we run for you, and what we ask of you. It holds
for every partner in the same words; what your contract says beside it holds as well.

## What counts as an incident

An event that harms, or could soon harm, the confidentiality, integrity or availability of a system
that we run, the trading on it, or the data in it. Every incident has one of five categories:

- **Unauthorised system access**: somebody or something uses access that it should not have.
- **Abnormal trading behaviour or system anomaly**: orders, prices or a system behave as they never
  should.
- **Infrastructure outage or service degradation**: something is down, slow or running without its
  spare.
- **Data integrity or configuration issue**: records or settings are wrong, missing or out of step.
- **API or integration-related security event**: a key, a client or an integration is misused or
  open to misuse.

If you are not sure whether it is one, report it. We would rather look once too often.

## How severe it is

Impact, scope and urgency give a severity, and some facts set a floor below it that nobody goes
under. You see the severity **for you**, which follows from what it means for your services.

- **SEV-1, critical**: trading or client money is affected, or somebody else has control.
- **SEV-2, high**: an important service is down or badly disturbed.
- **SEV-3, moderate**: a service is disturbed, and there is a way around it.
- **SEV-4, low**: hardly anybody notices.

## The phases

1. **Identification.** We confirm what it is, evaluate it, and say who commands.
2. **Containment.** We stop it from spreading. Before it ends we decide, on record, for each partner
   that it touches whether it is told.
3. **Mitigation.** We remove the cause, or put a fix in place that has an owner and a last day.
4. **Recovery.** We bring service back, check it, and watch that it stays. We ask you whether it
   works again for you.
5. **Review.** We write down causes, controls that worked or failed, and what we change, approved by
   somebody who did not command.

No phase is skipped. If something turns out to be worse, we step back and say so.

## What we promise

- **To tell you in time.** By the hours that your contract says; without other words there: SEV-1
  within 1 hour of detection, SEV-2 within 2 hours, SEV-3 within 4 hours.
- **To acknowledge and contain.** Our own targets from detection: SEV-1 acknowledged in 5 minutes,
  contained in 1 hour and recovered in 2; SEV-2 in 15 minutes, 2 hours and 4; SEV-3 in 1 hour,
  1 business day and 2 business days; SEV-4 in 1 business day, recovered in 10.
- **To be accurate.** A second person approves every notice before it is sent; one that could not
  wait for that says so. What was wrong is corrected in words, and what was sent is never changed.
- **To say when we write next,** and to write by then, even if there is nothing new.
- **To keep it between us.** You read your own view of an incident, under your own reference, and
  nobody else does.
- **To tell you what we learn.** After the review you get a report of what happened, what it meant
  for you, and what we change.

We never write to your own users. Telling them stays with you.

## What we ask of you

- **Report** what looks wrong as soon as you notice it, with what you see, since when, and how sure
  you are. You get a reference at once, and our answer stands under it.
- **Acknowledge** notices. It says that somebody has read them, not that you agree.
- **Answer** what we ask, in parts if need be, by its time; ask for more time with a reason.
- **Tell us** when it works again for you, and when it does not.
- **Keep a procedure** for telling your own users on file, valid and attested.
- **Keep your people current**: who may act for you, who gets notices, who has left.
- **Mind the label.** RED is for the people named alone, AMBER+STRICT stays inside your company,
  AMBER goes to those who need it, GREEN to your community, CLEAR to anybody.

## How this changes

A new version has a number, a day from which it holds, and a line that says what changed. Your
administrator acknowledges it in this portal.
"""
)
