"""The portal's first page for one partner of 1,000, through HTTP; and the two statements of its
list beside the same rows asked for by hand.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import secrets
import subprocess
import sys
from typing import NamedTuple
from urllib.parse import urlencode

from bench import client
from bench.scratch import ROOT, Stack, say
from bench.table import Figure, median

# One with a fifth of all incidents, and one of the others, which share the rest.
PEOPLE = {"B0001": "most@partner.example", "B0009": "one@partner.example"}
NAMES = {"B0001": "partner with a fifth", "B0009": "one of 1,000 partners"}
ROUNDS, SECONDS = 3, 2.0


class Times(NamedTuple):
    """Medians in ms: the page for one client and for eight, its two statements, those by hand."""

    page: float
    page_of_8: float
    list_sql: float
    by_hand: float


Found = dict[str, Times]  # by the partner's code


def read(stack: Stack, cookies: dict[str, str], partners: dict[str, int]) -> Found:
    """Both partners, as the tables are now."""
    found = {}
    for code, email in PEOPLE.items():
        request = client.get("/portal/", cookies[email])
        one, eight = (_page_ms(stack, request, code, clients) for clients in (1, 8))
        found[code] = Times(one, eight, *_statements_ms(stack, partners[code]))
        say(
            f"  portal, {NAMES[code]}: {one:.1f} ms, 8 at once {eight:.1f} ms;"
            f" the list {found[code].list_sql:.2f} ms, by hand {found[code].by_hand:.2f} ms"
        )
    return found


def figures(found: dict[int, Found]) -> list[Figure]:
    """Each size beside the least, and the list beside the same by hand."""
    least, rows = min(found), list[Figure]()
    for size, of in found.items():
        for code, ms in of.items():
            name, before = f"portal, {NAMES[code]}, of {size:,}", found[least][code]
            floor = f"at {least:,}"
            rows.append(Figure(name, ms.page, "ms", floor, before.page, False))
            rows.append(
                Figure(f"{name}, 8 at once", ms.page_of_8, "ms", floor, before.page_of_8, False)
            )
            rows.append(
                Figure(f"{name}: its list", ms.list_sql, "ms", "by hand", ms.by_hand, False)
            )
    return rows


def encoded(password: str) -> str:
    """As Django keeps it; few rounds, since hashing is not what is measured."""
    salt, rounds = secrets.token_hex(8), 1000
    made = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), rounds)
    return f"pbkdf2_sha256${rounds}${salt}${base64.b64encode(made).decode()}"


def log_in(stack: Stack, email: str, password: str) -> str:
    """The cookies of a session, had as a browser has them."""
    connection = http.client.HTTPConnection("localhost", stack.desk, timeout=60)
    connection.request("GET", "/accounts/login/")
    page = connection.getresponse()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
    if token is None:
        raise RuntimeError("The login page has no form; mend bench.")
    cookies = _cookies(page)
    form = {"login": email, "password": password, "csrfmiddlewaretoken": token[1]}
    headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/accounts/login/", urlencode(form), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 302:
        raise RuntimeError(f"The login answered {answer.status}; mend bench.")
    return _cookies(answer)


def _cookies(answer: http.client.HTTPResponse) -> str:
    found = answer.headers.get_all("Set-Cookie") or []
    return "; ".join(line.split(";")[0] for line in found)


def _page_ms(stack: Stack, request: bytes, code: str, clients: int) -> float:
    """The median time of the first page."""
    connection = client.Connection(stack.desk)
    status, body = connection.ask(request)
    connection.close()
    if status != 200 or body.count(f"{code}-2026-".encode()) < 10:
        raise RuntimeError(f"The portal's list of {code} answered {status}; mend bench.")
    found = []
    for number in range(ROUNDS + 1):  # the first warms up
        load = client.run(
            stack.desk, lambda _: request, clients=clients, seconds=SECONDS, status=200
        )
        found += [load.median_ms] if number else []
    return median(found)


def _statements_ms(stack: Stack, partner_id: int) -> tuple[float, float]:
    """What the database needs for the list as the portal asks for it, and as by hand."""
    done = subprocess.run(
        [
            *(sys.executable, "manage.py", "shell", "--no-imports", "-c"),
            f"from bench import statements; statements.main({partner_id})",
        ],
        cwd=ROOT,
        env=stack.environment("incidentdesk.settings"),
        check=True,
        capture_output=True,
        text=True,
    )
    portal, by_hand = json.loads(done.stdout.splitlines()[-1])
    return portal, by_hand
