"""The portal's list of incidents where there are 100,000, beside the same rows in raw SQL."""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from bench import client
from bench.scratch import Stack, say
from bench.table import Figure, median

INCIDENTS, PARTNERS, OF_OURS, STILL_OPEN = 100_000, 200, 20_000, 12
ROWS = STILL_OPEN + 25  # what the first page shows: the open ones and a page of past ones
EMAIL = "bench@partner.example"
ROUNDS, TIMES = 3, 60

# Ours is the first partner; the others share the rest. The newest of each are open.
FILL = (
    """
    INSERT INTO partners_partner (name, code, kind, is_active)
    SELECT 'Partner ' || n, 'B' || lpad(n::text, 3, '0'), 'broker', true
    FROM generate_series(1, %(partners)s) AS n
    """,
    "ALTER TABLE cases_incident DISABLE TRIGGER guard_incident",
    """
    INSERT INTO cases_incident (reference, title, description, tlp, detection, detected_by,
        opened_at, detected_at, floors, severity, severity_reason, phase, cause, dismissal)
    SELECT 'OLD-' || n, 'Incident ' || n, '', 'AMBER', 'alert', 'bench',
        now() - interval '1 minute' * (%(incidents)s - n + 500),
        now() - interval '1 minute' * (%(incidents)s - n + 500), '{}', 1 + n %% 4, '', 'closed',
        '', ''
    FROM generate_series(1, %(incidents)s) AS n
    """,
    "ALTER TABLE cases_incident ENABLE TRIGGER guard_incident",
    """
    INSERT INTO cases_involvement (incident_id, partner_id, reference, title, meaning, severity,
        started_at, phase, phase_times, added_at, disclosed_at)
    SELECT i.id, p.id, p.code || '-2026-' || lpad(i.number::text, 6, '0'), i.title,
        'Quotes are late for some of your accounts.', i.severity, i.opened_at,
        CASE WHEN i.number > %(incidents)s - 5 * %(open)s THEN 'containment' ELSE 'closed' END,
        jsonb_build_object('identification', i.opened_at, 'closed', i.opened_at),
        i.opened_at, i.opened_at
    FROM (SELECT *, substr(reference, 5)::int AS number FROM cases_incident
          WHERE reference LIKE 'OLD-%%') AS i
    JOIN partners_partner AS p ON p.code = 'B' || lpad(
        CASE WHEN i.number %% 5 = 0 THEN '1' ELSE (2 + i.number %% %(others)s)::text END, 3, '0')
    """,
    """
    INSERT INTO cases_notice (incident_id, kind, body, tlp, state, drafted_at, drafted_by_id,
        approved_at, approved_by_id, sent_at, sent_by_id)
    SELECT i.id, 'first', 'Quotes are late.', 'AMBER', 'sent', i.opened_at, %(user)s, i.opened_at,
        %(second)s, i.opened_at, %(user)s
    FROM cases_incident AS i WHERE reference LIKE 'OLD-%%'
    """,
    """
    INSERT INTO cases_noticecopy (notice_id, involvement_id, partner_id, kind, body, tlp,
        sent_at, acknowledged_at, acknowledged_by)
    SELECT n.id, v.id, v.partner_id, n.kind, n.body, n.tlp, n.sent_at,
        CASE WHEN v.phase = 'closed' THEN n.sent_at END,
        CASE WHEN v.phase = 'closed' THEN 'somebody' ELSE '' END
    FROM cases_notice AS n JOIN cases_involvement AS v USING (incident_id)
    """,
)
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
        partner_id = _fill(cursor, password)
    request = client.get("/portal/", _log_in(stack, password))
    found: dict[str, list[float]] = {"page": [], "busy": [], "raw": []}
    for number in range(ROUNDS + 1):  # the first warms up
        page, raw = _page_ms(stack, request), _raw_ms(stack, partner_id)
        busy = client.run(
            stack.desk, lambda number: request, clients=8, seconds=3.0, status=200
        ).median_ms
        if number:
            say(f"  round {number} of {ROUNDS}: page {page:.1f} ms, raw SQL {raw:.2f} ms")
            for name, value in (("page", page), ("busy", busy), ("raw", raw)):
                found[name].append(value)
    floor_name, floor = f"the same {ROWS} rows in raw SQL", median(found["raw"])
    return [
        Figure(f"portal list at {INCIDENTS:,}, {words}", value, "ms", floor_name, floor, False)
        for words, value in (
            ("1 client", median(found["page"])),
            ("8 clients", median(found["busy"])),
        )
    ]


def _fill(cursor: Any, password: str) -> int:
    """Partners, incidents, involvements, notices; answers our partner."""
    encoded, ids = _encoded(password), []
    for email in ("first@desk.example", "second@desk.example", EMAIL):
        cursor.execute(
            "INSERT INTO kernel_user (email, name, password, roles, is_active, is_superuser)"
            " VALUES (%s, 'Bench', %s, '{}', true, false) RETURNING id",
            [email, encoded],
        )
        ids.append(cursor.fetchone()[0])
    values = {
        "partners": PARTNERS,
        "others": PARTNERS - 1,
        "incidents": INCIDENTS,
        "open": STILL_OPEN,
        "user": ids[0],
        "second": ids[1],
    }
    for statement in FILL:
        cursor.execute(statement, values)
    cursor.execute("SELECT id FROM partners_partner WHERE code = 'B001'")
    partner_id = int(cursor.fetchone()[0])
    cursor.execute(
        "INSERT INTO partners_partneruserobjectpermission (content_object_id, user_id,"
        " permission_id) SELECT %s, %s, id FROM auth_permission WHERE codename = 'act'",
        [partner_id, ids[2]],
    )
    cursor.execute("SELECT count(*) FROM cases_involvement WHERE partner_id = %s", [partner_id])
    if cursor.fetchone()[0] != OF_OURS:
        raise RuntimeError("The benchmark's rows are not what they should be; mend bench.")
    cursor.execute("VACUUM ANALYZE")
    return partner_id


def _encoded(password: str) -> str:
    """As Django keeps it; few rounds, since hashing is not what is measured."""
    salt, rounds = secrets.token_hex(8), 1000
    made = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), rounds)
    return f"pbkdf2_sha256${rounds}${salt}${base64.b64encode(made).decode()}"


def _log_in(stack: Stack, password: str) -> str:
    """The cookies of a session, had as a browser has them."""
    connection = http.client.HTTPConnection("localhost", stack.desk, timeout=60)
    connection.request("GET", "/accounts/login/")
    page = connection.getresponse()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
    if token is None:
        raise RuntimeError("The login page has no form; mend bench.")
    cookies = _cookies(page)
    form = {"login": EMAIL, "password": password, "csrfmiddlewaretoken": token[1]}
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


def _page_ms(stack: Stack, request: bytes) -> float:
    """The median time of the first page, one client."""
    connection, took = client.Connection(stack.desk), list[float]()
    for _ in range(TIMES):
        began = time.perf_counter()
        status, body = connection.ask(request)
        took.append(time.perf_counter() - began)
        if status != 200 or body.count(b"B001-2026-") < ROWS:
            raise RuntimeError(f"The portal's list answered {status} without its {ROWS} rows.")
    connection.close()
    return median(took) * 1000


def _raw_ms(stack: Stack, partner_id: int) -> float:
    """The median time of one statement that reads the same rows."""
    took = []
    with stack.connect("app") as cursor:
        for _ in range(TIMES * 3):
            began = time.perf_counter()
            cursor.execute(RAW, [partner_id, ROWS])
            rows = cursor.fetchall()
            took.append(time.perf_counter() - began)
    if len(rows) != ROWS:
        raise RuntimeError("The raw statement read other rows than the page; mend bench.")
    return median(took) * 1000
