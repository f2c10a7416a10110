"""The bill of materials (CycloneDX) and the list of licences of what the desk needs at run time.

`bill.py` writes both under docs/security/; `bill.py --check` fails if they do not name what
requirements.txt asks for; what that needs in turn may be newer. Nothing is asked of a network.
"""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

HERE = Path("docs/security")
BILL, LICENCES = HERE / "bill-of-materials.json", HERE / "licences.md"
HEAD = """# Licences

What the desk needs at run time, with the licence that each package declares; made by `make bill`
from what is installed. [bill-of-materials.json](bill-of-materials.json) is the same as a CycloneDX
bill.

| package | version | licence | why it is here |
|---|---|---|---|
"""


def named(name: str) -> str:
    """A package's name as all its spellings are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def reasons() -> dict[str, str]:
    """Each package that is asked for by name, with its reason."""
    lines = Path("requirements.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("#", 1) for line in lines if line and line[0] != "#"]
    return {named(left.split("==")[0]): why.strip() for left, why in pairs}


def needed() -> dict[str, str]:
    """All of them, and all that these need, each with why."""
    found, waiting = {}, list(reasons().items())
    while waiting:
        name, why = waiting.pop(0)
        if name in found:
            continue
        found[name] = why
        for line in metadata.requires(name) or []:
            asked = Requirement(line)
            if asked.marker is None or asked.marker.evaluate({"extra": ""}):
                waiting.append((named(asked.name), f"{name} needs it"))
    return found


def bill() -> dict:
    """CycloneDX of these alone, without what differs from one run to the next."""
    done = subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "environment", sys.executable, "--of", "JSON"],
        capture_output=True,
        text=True,
        check=True,
    )
    made, wanted = json.loads(done.stdout), needed()
    made.pop("serialNumber", None)
    made["metadata"].pop("timestamp", None)
    parts = [one for one in made["components"] if named(one["name"]) in wanted]
    kept = {one["bom-ref"] for one in parts}
    for one in parts:
        one.pop("properties", None)
    made["components"] = sorted(parts, key=lambda one: named(one["name"]))
    made["dependencies"] = [
        {"ref": one["ref"], "dependsOn": sorted(set(one.get("dependsOn", [])) & kept)}
        for one in sorted(made["dependencies"], key=lambda one: one["ref"])
        if one["ref"] in kept
    ]
    return made


def licence(part: dict) -> str:
    """As the package declares it."""
    found = [
        one.get("expression") or one["license"].get("id") or one["license"].get("name", "")
        for one in part.get("licenses", [])
    ]
    short = [" ".join(one.split()).rpartition(":: ")[2] for one in found]
    fit = list(dict.fromkeys(one for one in short if one and len(one) < 80))
    return fit[0] if fit else "not declared"


def table(made: dict) -> str:
    """The list of licences."""
    why = needed()
    rows = [
        f"| {one['name']} | {one['version']} | {licence(one)} | {why[named(one['name'])]} |"
        for one in made["components"]
    ]
    return HEAD + "\n".join(rows) + "\n"


def stale() -> list[str]:
    """What requirements.txt asks for that the bill or the list has not, or not in that version."""
    bill_of = {
        named(one["name"]): one["version"] for one in json.loads(BILL.read_text())["components"]
    }
    lines = Path("requirements.txt").read_text(encoding="utf-8").splitlines()
    asked = [line.split("#")[0].strip().split("==") for line in lines if line and line[0] != "#"]
    listed = LICENCES.read_text(encoding="utf-8").lower()
    return [
        name
        for name, version in asked
        if bill_of.get(named(name)) != version or f"| {version} |" not in listed
    ]


if "--check" in sys.argv:
    if names := stale():
        sys.exit(f"docs/security/ is out of date about {', '.join(names)}: run `make bill`.")
    print("bill of materials: every requirement is on it, in its version")
else:
    made = bill()
    HERE.mkdir(parents=True, exist_ok=True)
    BILL.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    LICENCES.write_text(table(made), encoding="utf-8")
    print(f"bill of materials: {len(made['components'])} packages written to {HERE}/")
