"""The lists of desk and portal where there are 10,000, 100,000 and 1,000,000 incidents."""

from __future__ import annotations

import secrets
import time

from bench import desk, desk_rows, portal
from bench.portal import encoded, log_in
from bench.scratch import Stack, say
from bench.table import Figure

SIZES = (10_000, 100_000, 1_000_000)
STAFF = "bench@desk.example"


def measure(stack: Stack) -> list[Figure]:
    """Grow the tables, and read every page at each size."""
    password = secrets.token_urlsafe(12)
    of_desk, of_portal = dict[int, desk.Found](), dict[int, portal.Found]()
    with stack.connect("owner") as cursor:
        people = desk_rows.register(cursor, email=STAFF, password=encoded(password))
        partners = {
            code: desk_rows.contact(cursor, code, email=email, password=encoded(password))
            for code, email in portal.PEOPLE.items()
        }
        cookies, before = dict[str, str](), 0
        for size in SIZES:
            say(f"Filling in incidents up to {size:,} …")
            began = time.monotonic()
            desk_rows.grow(cursor, people, first=before + 1, last=size)
            say(f"  {time.monotonic() - began:.0f} s")
            for email in (STAFF, *portal.PEOPLE.values()):
                cookies[email] = cookies.get(email) or log_in(stack, email, password)
            of_desk[size] = desk.read(stack, cookies[STAFF], cursor, size)
            of_portal[size] = portal.read(stack, cookies, partners)
            before = size
    return [*portal.figures(of_portal), *desk.figures(of_desk)]
