"""Whether the domain of a sender's address stands behind a mail: SPF (RFC 7208), DKIM (RFC 6376),
or what one trusted server says of both (RFC 8601).

Only a domain that is aligned with the one in From counts: the same, or one below the other. What
DKIM signs has to be whole, so that nothing can be added to a mail that somebody kept: no `l=`, and
From, Subject, Date and Message-ID among the signed headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import authres
import dkim
import spf
from django.conf import settings

from cases.intake.mail.reading import Mail
from cases.intake.mail.resolver import Patient, Resolver, Unreachable

MOST_SIGNATURES = 3  # each goes through the whole mail
SIGNED = {b"from", b"subject", b"date", b"message-id"}
ALGORITHMS = (b"rsa-sha256", b"ed25519-sha256")  # RFC 8301 rules out SHA-1
_TRAILING = re.compile(rb"(?<![\t ])[\t ]+\r\n")


def _without_trailing(content: bytes) -> bytes:
    """RFC 6376, section 3.4.4: no space at the end of a line."""
    return _TRAILING.sub(b"\r\n", content)


# Its own takes the square of the longest run of spaces, and strangers write those.
dkim.canonicalization.strip_trailing_whitespace = _without_trailing


@dataclass(frozen=True)
class Envelope:
    """How a mail came. `sender` is empty for the null sender, None where nobody knows it."""

    sender: str | None = None
    recipients: tuple[str, ...] = ()
    peer: str = ""  # the address of who handed it over; empty where a mailbox was read
    helo: str = ""


@dataclass(frozen=True)
class Verdict:
    """What was found. `is_aligned`: the domain of the sender's own address was proved."""

    spf: str = "none"
    spf_domain: str = ""
    dkim: str = "none"
    dkim_domain: str = ""
    is_aligned: bool = False
    is_unsure: bool = False  # the DNS gave no answer; it may later


def judge(raw: bytes, mail: Mail, envelope: Envelope, *, resolver: Resolver) -> Verdict:
    """Ask the trusted server's word where it came from there, or else the DNS."""
    if settings.INBOUND_TRUSTED and _came_from_trusted(envelope):
        return _told(mail)
    asked = Patient(resolver)
    found_spf, spf_domain = _spf(envelope, asked)
    found_dkim, dkim_domain = _dkim(raw, mail.domain, asked)
    is_spf = found_spf == "pass" and aligned(spf_domain, mail.domain)
    is_dkim = found_dkim == "pass" and aligned(dkim_domain, mail.domain)
    return Verdict(
        spf=found_spf,
        spf_domain=spf_domain[:255],
        dkim=found_dkim,
        dkim_domain=dkim_domain[:255],
        is_aligned=is_spf or is_dkim,
        is_unsure="temperror" in (found_spf, found_dkim) and not (is_spf or is_dkim),
    )


def aligned(proved: str, claimed: str) -> bool:
    """Whether one is the other, or lies below it; a top-level domain proves nothing."""
    one, other = proved.lower().rstrip("."), claimed.lower().rstrip(".")
    if "." not in one or "." not in other:
        return False
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


# --- by ourselves ---------------------------------------------------------------------------------


class _Query(spf.query):  # type: ignore[misc]
    """pyspf, asking our resolver instead of its own."""

    resolver: Resolver

    def dns(self, name: Any, qtype: str, cnames: Any = None, ignore_void: bool = False) -> Any:
        """What stands at a name; RFC 7208 lets so many names be empty."""
        wanted = str(name).rstrip(".").lower()
        if not wanted or not all(0 < len(label) < 64 for label in wanted.split(".")):
            return []
        try:
            found = self.resolver(wanted, qtype)
        except Unreachable as error:
            raise spf.TempError(str(error)) from error
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("too many names that are empty")
        return found


def _spf(envelope: Envelope, resolver: Resolver) -> tuple[str, str]:
    """The result, and the domain of the envelope's sender."""
    domain = (envelope.sender or "").rpartition("@")[2].lower()
    if not envelope.peer or not domain:
        return "none", domain
    try:
        query = _Query(i=envelope.peer, s=envelope.sender, h=envelope.helo or "unknown")
        query.resolver = resolver
        return str(query.check()[0]), domain
    except Exception:  # noqa: BLE001 -- a record that breaks the library proves nothing
        return "permerror", domain


def _dkim(raw: bytes, claimed: str, resolver: Resolver) -> tuple[str, str]:
    """The best of its first signatures: one that passes and is aligned, or else the first."""
    found = list(_signatures(raw, resolver))
    passed = [one for one in found if one[0] == "pass"]
    near = [one for one in passed if aligned(one[1], claimed)]
    unsure = [one for one in found if one[0] == "temperror"]
    return next(iter((*near, *unsure, *passed, *found)), ("none", ""))


def _signatures(raw: bytes, resolver: Resolver) -> Iterator[tuple[str, str]]:
    try:
        signed, asked = dkim.DKIM(raw), partial(_key, resolver)
    except Exception:  # noqa: BLE001 -- what it cannot read has no signature
        return
    count = sum(name.lower() == b"dkim-signature" for name, _ in signed.headers)
    for number in range(min(count, MOST_SIGNATURES)):
        signed.signature_fields, signed.include_headers = {}, ()
        try:
            is_valid = signed.verify(number, dnsfunc=asked)
        except Unreachable:
            yield "temperror", _domain(signed)
            continue
        except Exception:  # noqa: BLE001 -- a signature that breaks the library proves nothing
            is_valid = False
        yield "pass" if is_valid and _is_whole(signed) else "fail", _domain(signed)


def _key(resolver: Resolver, name: bytes, timeout: float = 0) -> bytes | None:
    found = resolver(name.decode("ascii").rstrip("."), "TXT")
    return b"".join(found[0]) if found else None


def _is_whole(signed: Any) -> bool:
    fields = signed.signature_fields
    names = {name.strip().lower() for name in signed.include_headers}
    return b"l" not in fields and fields[b"a"] in ALGORITHMS and names >= SIGNED


def _domain(signed: Any) -> str:
    return bytes(signed.signature_fields.get(b"d", b"")).decode("ascii", "replace").lower()


# --- by a server that is trusted ------------------------------------------------------------------


def _came_from_trusted(envelope: Envelope) -> bool:
    """A mailbox is that server's own; by SMTP only its addresses may say such a thing."""
    return not envelope.peer or envelope.peer in settings.INBOUND_RELAYS


def _told(mail: Mail) -> Verdict:
    """What the first header of that server says; it puts its own above all that came with it."""
    for value in mail.headers.get_all("authentication-results", []):
        read = _parsed(" ".join(str(value).split()))
        if read is not None and str(read.authserv_id).lower() == settings.INBOUND_TRUSTED:
            return _verdict(read.results, mail.domain)
    return Verdict()


def _parsed(value: str) -> Any:
    try:
        return authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {value}")
    except Exception:  # noqa: BLE001 -- what cannot be read says nothing
        return None


def _verdict(results: Any, claimed: str) -> Verdict:
    said = {"spf": ("none", ""), "dkim": ("none", "")}
    is_aligned = False
    for one in results:
        method, result = str(one.method).lower(), str(one.result).lower()
        if method not in said:
            continue
        domain = _named(one, method)
        passes = result == "pass" and aligned(domain, claimed)
        if passes or said[method][0] == "none":
            said[method] = (result[:12], domain[:255])
        is_aligned = is_aligned or passes
    return Verdict(*said["spf"], *said["dkim"], is_aligned=is_aligned)


def _named(result: Any, method: str) -> str:
    """The domain that it is about: `smtp.mailfrom` or `header.d`."""
    wanted = ("smtp", "mailfrom") if method == "spf" else ("header", "d")
    for one in result.properties:
        if (str(one.type).lower(), str(one.name).lower()) == wanted:
            return str(one.value).rpartition("@")[2].lower()
    return ""
