"""A mail is read within limits; what is beyond them is said in words, and nothing breaks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.intake.mail.reading import LONGEST, read
from tests.cases.intake.mail.conftest import mail

HEAD = b"From: a@b.test\r\nTo: c@d.test\r\nSubject: x\r\n"
PARTS = "it has more parts than any mail needs"
LARGE = "its headers are larger than any mail's"
MULTI = b"Content-Type: multipart/mixed; "
KIND = b"Content-Type: text/plain; " + b"a=b;" * 500 + b"\r\n\r\nx"
MANY = b"X: y\r\n" * 900


@pytest.mark.mistake(10)
@pytest.mark.asvs("5.2.1 5.2.3", 22)
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
        (HEAD + MULTI + b"boundary=a\r\n\r\n" + (b"--a\r\n" + KIND + b"\r\n") * 95, LARGE),
        (HEAD + b"Content-Type: message/rfc822\r\n\r\n" + KIND, LARGE),
        (HEAD + MULTI + b"boundary=a\r\n\r\n--a\r" + KIND.replace(b"\r\n", b"\r"), LARGE),
        (HEAD + MULTI + b"boundary=a\r\n\r\n" + (b"--a\r\n" + MANY + b"\r\nx\r\n") * 60, LARGE),
        (HEAD + b"Content-Type: message/x\r\n\r\n" * 200, PARTS),
        (HEAD + MULTI + b"boundary=a\r\n\r\n" + b"--\r\n" * 20_000, PARTS),
        (HEAD + MULTI + b"x=boundary=b; boundary=a\r\n\r\n--a\r\n", PARTS),
        (HEAD + b"X: y\r\n" * 600 + b"\r\nhi", LARGE),
        (HEAD + b"\r\n" + b"\n" * 10_000_001, "it has more lines than any mail needs"),
    ],
    ids=range(20),
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


@pytest.mark.parametrize("charset", [b"punycode", b"idna", b"utf-7", b"unicode_escape"])
def test_a_character_set_that_nobody_writes_is_not_decoded(charset):
    text = b"x-" + b"9" * 300_000
    raw = HEAD + b"Content-Type: text/plain; charset=" + charset + b"\r\n\r\n" + text
    assert read(raw).text == text.decode()[:LONGEST]


@pytest.mark.parametrize(
    "charset", ["utf-8", "iso-8859-2", "windows-1250", "cp1252", "gb18030", "iso-2022-jp", "koi8-r"]
)
def test_the_usual_character_sets_are_read_also_where_a_long_text_is_cut(charset):
    letter = {"gb18030": "中", "iso-2022-jp": "日", "koi8-r": "ж", "cp1252": "é"}.get(charset, "č")
    head = HEAD + b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\n"
    assert read(head + f"x{letter}".encode(charset)).text == f"x{letter}"
    assert read(head + b"x" + (letter * 210_000).encode(charset)).text == (
        "x" + letter * (LONGEST - 1)
    )


def test_of_html_so_much_is_read_over_all_parts():
    part = b"--a\r\nContent-Type: text/html\r\n\r\n" + b"&" * 40_000 + b"\r\n"
    raw = HEAD + MULTI + b"boundary=a\r\n\r\n" + part * 90
    assert read(raw).text == "\n\n".join(["&" * 40_000] * 3)[:LONGEST]


def test_of_what_is_refused_the_raw_text_is_shown():
    raw = HEAD + b"X: y\r\n" * 600 + b"\r\nMy orders fail."
    assert read(raw).text == raw.decode().replace("\r\n", "\n")


def test_a_file_s_name_is_read_in_either_way_of_writing_it():
    part = b"--a\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; %s\r\n\r\n1\r\n"
    names = [
        b'filename="=?utf-8?q?=C5=99.csv?="',
        b"filename*=utf-8''%C5%99.csv",
        b"filename=r.csv",
    ]
    raw = HEAD + MULTI + b"boundary=a\r\n\r\n" + b"".join(part % one for one in names)
    assert [file.name for file in read(raw).files] == ["ř.csv", "ř.csv", "r.csv"]


def test_an_unknown_character_set_is_read_as_well_as_can_be():
    raw = HEAD + b"Content-Type: text/plain; charset=nowhere\r\n\r\ncaf\xe9"
    assert read(raw).text == "café"
