"""pip-audit over what the desk needs at run time: fails on a known vulnerability.

It asks the advisories of PyPI over the network. Where they cannot be reached, or do not know a
package, it says what was not looked at, and does not fail unless AUDIT_STRICT=1 asks for it:
nothing is called clean that nobody looked at.
"""

import json
import os
import subprocess
import sys

SECONDS = 90
ASK = ["pip_audit", "--requirement", "requirements.txt", "--no-deps", "--disable-pip"]


def asked() -> dict | None:
    """What pip-audit answers; None if it could not ask."""
    try:
        done = subprocess.run(  # noqa: S603 -- words of ours
            [sys.executable, "-m", *ASK, "--progress-spinner", "off", "--format", "json"],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        return json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None


told = asked()
packages = told["dependencies"] if told else []
unseen = [one["name"] for one in packages if "skip_reason" in one]
bad = [(one, hole) for one in packages for hole in one.get("vulns", [])]
for one, hole in bad:
    fixed = ", ".join(hole["fix_versions"]) or "nothing yet"
    print(f"{one['name']} {one['version']}: {hole['id']}, mended by {fixed}")
if told is None:
    print("pip-audit: the advisories cannot be reached from here; NOTHING was looked at.")
elif unseen:
    print(f"pip-audit: NOT looked at, the index here does not know them: {', '.join(unseen)}.")
seen = len(packages) - len(unseen)
print(f"pip-audit: {seen} packages looked at, {len(bad)} known vulnerabilities")
is_incomplete = told is None or bool(unseen)
sys.exit(bool(bad) or (is_incomplete and os.environ.get("AUDIT_STRICT") == "1"))
