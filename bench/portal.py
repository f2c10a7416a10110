"""The portal's list of incidents where there are 100,000, beside the same rows in raw SQL."""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

from bench import client
from bench.filling import INCIDENTS, PARTNERS, STILL_OPEN, fill
from bench.scratch import Stack, say
from bench.table import Figure, median

ROWS = STILL_OPEN + 25  # what the first page shows: the open ones and a page of past ones
EMAIL = "bench@partner.example"
ROUNDS, SECONDS, TIMES = 3, 3.0, 200

RAW = """
    SELECT id, reference, title, meaning, severity, started_at, phase, phase_times, disclosed_at
    FROM cases_involvement WHERE partner_id = %s AND disclosed_at IS NOT NULL
    ORDER BY disclosed_at DESC, id DESC LIMIT %s
"""


def measure(stack: Stack) -> list[Figure]:
    """Fill the tables, log in as a partner's contact, and read the first page again and again."""
    say(f"Filling in {INCIDENTS:,} incidents of {PARTNERS} partners …")
    password = secrets.token_urlsafe(12)
    with stack.connect("owner") as cursor:
        partner_id = fill(cursor, email=EMAIL, password=encoded(password))
    request = client.get("/portal/", log_in(stack, EMAIL, password))
    figures = []
    for clients in (1, 8):
        pages, raws = list[float](), list[float]()
        for number in range(ROUNDS + 1):  # the first warms up
            page = _page_ms(stack, request, clients)
            raw = _raw_ms(stack, partner_id, clients)
            if number:
                say(f"  round {number} of {ROUNDS}, {clients} at once: {page:.1f} ms, {raw:.2f} ms")
                pages.append(page)
                raws.append(raw)
        name = f"portal list at {INCIDENTS:,}, {clients} at once"
        floor = f"the same {ROWS} rows in raw SQL"
        figures.append(Figure(name, median(pages), "ms", floor, median(raws), False))
    return figures


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


def _page_ms(stack: Stack, request: bytes, clients: int) -> float:
    """The median time of the first page."""
    connection = client.Connection(stack.desk)
    body = connection.ask(request)[1]
    connection.close()
    if body.count(b"B001-2026-") < ROWS:
        raise RuntimeError(f"The portal's list is without its {ROWS} rows; mend bench.")
    load = client.run(
        stack.desk, lambda number: request, clients=clients, seconds=SECONDS, status=200
    )
    return load.median_ms


def _raw_ms(stack: Stack, partner_id: int, clients: int) -> float:
    """The median time of one statement that reads the same rows."""
    with ThreadPoolExecutor(clients) as pool:
        found = list(pool.map(lambda _: _raw_times(stack, partner_id), range(clients)))
    return median([took for times in found for took in times]) * 1000


def _raw_times(stack: Stack, partner_id: int) -> list[float]:
    took = []
    with stack.connect("app") as cursor:
        for _ in range(TIMES):
            began = time.perf_counter()
            cursor.execute(RAW, [partner_id, ROWS])
            rows = cursor.fetchall()
            took.append(time.perf_counter() - began)
    if len(rows) != ROWS:
        raise RuntimeError("The raw statement read other rows than the page; mend bench.")
    return took
