"""A mail is read within limits; what is beyond them is said in words, and nothing breaks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.intake.mail.reading import read
from tests.cases.intake.mail.conftest import mail

HEAD = b"From: a@b.test\r\nTo: c@d.test\r\nSubject: x\r\n"
PARTS = "it has more parts than any mail needs"
LARGE = "its headers are larger than any mail's"
MULTI = b"Content-Type: multipart/mixed; "


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (HEAD + MULTI + b"boundary=a\r\n\r\n" + b"--a\r\n\r\nx\r\n" * 10_000, PARTS),
        (HEAD + MULTI + b"boundary(c)=a\r\n\r\n" + b"--a\r\n\r\nx\r\n" * 10_000, PARTS),
        (HEAD + MULTI + b"boundary*0=a\r\n\r\n" + b"--a\r\n\r\nx\r\n" * 10_000, PARTS),
        (HEAD + (MULTI + b"boundary=a%d\r\n\r\n") % 1 * 200, ""),
        (
            b"".join(HEAD + MULTI + b"boundary=a%d\r\n\r\n--a%d\r\n" % (n, n) for n in range(200)),
            PARTS,
        ),
        (HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 200, PARTS),
        (b"From: " + b"a@b.test," * 20_000 + b"\r\n\r\nhi", LARGE),
        (HEAD + b"X: y\r\n" * 100_000 + b"\r\nhi", LARGE),
        (HEAD + MULTI + b"boundary=a\r\n\r\n--a\r\nX: " + b"a;" * 9_000 + b"\r\n\r\nx\r\n", LARGE),
        (HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000, ""),
        (b"", "it does not come from one plain address"),
    ],
    ids=range(11),
)
def test_what_is_beyond_the_limits_is_refused_in_words(raw, fault):
    assert read(raw).fault == fault


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.binary(max_size=200))
def test_any_bytes_are_read_somehow(head, body):
    found = read(b"From: a@b.test\r\n" + head + b"\r\n\r\n" + body)
    for text in (found.sender, found.subject, found.text, found.message_id, *found.named):
        assert "\0" not in text
        text.encode("utf-8")


def test_the_plain_text_is_preferred_and_files_keep_their_names():
    made = mail(text="Plain.")
    made.add_alternative("<p>Rich</p>", subtype="html")
    made.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="ř.png")
    inner = mail(subject="Inner")
    made.add_attachment(inner)
    found = read(made.as_bytes())
    assert (found.text, [file.name for file in found.files], found.left_out) == (
        "Plain.",
        ["ř.png", "file.eml"],
        0,
    )
    assert (found.sender, found.sender_name, found.named) == (
        "contact@helix.test",
        "Helix contact",
        ("report@desk.test",),
    )


def test_an_unknown_character_set_is_read_as_well_as_can_be():
    raw = HEAD + b"Content-Type: text/plain; charset=nowhere\r\n\r\ncaf\xe9"
    assert read(raw).text == "café"
