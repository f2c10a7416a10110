"""Certificates for servers of tests: good, over, of somebody else, each signed by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def certificate(folder: Path, *, days: int, host: str = "localhost") -> Path:
    """Of `host`, with its key before it. Whoever names the file as an authority believes it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    at = datetime.now(UTC)  # noqa: TID251 -- what a real TLS library compares
    names: list[x509.GeneralName] = [x509.DNSName(host)]
    if host == "localhost":
        names.append(x509.IPAddress(ip_address("127.0.0.1")))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - timedelta(days=400))
        .not_valid_after(at + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = folder / f"{host}{days}.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    file.chmod(0o600)
    return file
