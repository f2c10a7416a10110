"""Where files are kept in a bucket that speaks S3: FILES_URL, as Django's settings have it.

Used by `settings` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, unquote

from incidentdesk.environment import address, is_loopback, stop

_LOOK = "s3://KEY:SECRET@s3.eu-central-1.amazonaws.com/bucket?region=eu-central-1"


def storage(url: str, plaintext: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The storage named `evidence`, or nothing where files lie in MEDIA_ROOT.

    `s3+http://` speaks in clear, on this machine or to a host that `plaintext` names.
    """
    if not url:
        return {}
    parts = address("FILES_URL", url)
    name, _, prefix = parts.path.strip("/").partition("/")
    if parts.scheme not in ("s3", "s3+http") or not parts.hostname or not name:
        stop(f"FILES_URL must look like {_LOOK}.")
    host = parts.netloc.rpartition("@")[2]
    is_near = is_loopback(str(parts.hostname)) or bool({host, parts.hostname} & set(plaintext))
    if parts.scheme == "s3+http" and not is_near:
        stop(
            f"FILES_URL leads to {host} in clear: use s3://, or name it in PLAINTEXT_HOSTS if "
            "nobody else is on the network in between."
        )
    given = {key: values[0] for key, values in parse_qs(parts.query).items()}
    if set(given) - {"region", "style"} or given.get("style", "path") not in ("path", "virtual"):
        stop("FILES_URL takes ?region=… and ?style=path or virtual, and nothing else.")
    options = {
        "bucket_name": name,
        "location": prefix,
        "endpoint_url": f"{'http' if parts.scheme == 's3+http' else 'https'}://{host}",
        "region_name": given.get("region", "us-east-1"),
        "access_key": unquote(parts.username or "") or None,
        "secret_key": unquote(parts.password or "") or None,
        "style": given.get("style", "path"),
    }
    return {"evidence": {"BACKEND": "cases.bucket.Bucket", "OPTIONS": options}}
