"""What people type is shown as they meant it, and never runs."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest

from incidentdesk.kernel.markdown import LONGEST, TAGS, plain, render

OURS = re.compile(r'</?p>|<br>|</a>|<a href="https?://[^"<>]*" rel="noopener nofollow">')
XSS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<iframe src=javascript:alert(1)>",
    "<math><mtext><table><mglyph><style><!--</style>"
    '<img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<a href=javascript:alert(1)>x</a>",
    "<b onmouseover=alert(1)>x</b>",
    "<style>*{background:url(javascript:alert(1))}</style>",
    "<form action=/admin/><input name=x></form>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<details open ontoggle=alert(1)>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<!-- --!><script>alert(1)</script> -->",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "</div></li></ul><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;avascript&colon;alert(1))",
    "[x](javascript&#58;alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "[x](//evil.example)",
    "[x](/admin/people/delete/)",
    '[x](https://ok.example" onclick="alert(1))',
    "[x](https://ok.example 'a' onclick='alert(1)')",
    "[x][y]\n\n[y]: javascript:alert(1)",
    '[y]: https://ok.example "onmouseover=alert(1) x="\n\n[x][y]',
    "<javascript:alert(1)>",
    '<https://ok.example/"onmouseover=alert(1)>',
    "![x](https://evil.example/pixel.png)",
    "![x](javascript:alert(1))",
    '![x" onerror="alert(1)](x)',
    "![x][y]\n\n[y]: https://evil.example/pixel.png",
    'https://ok.example/"><script>alert(1)</script>',
    "https://ok.example/'onclick='alert(1)",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "    <script>alert(1)</script>",
    "> <script>alert(1)</script>",
    "* <img src=x onerror=alert(1)>\n* [x](javascript:alert(1))",
    "**<script>alert(1)</script>**",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u202e<script>alert(1)</script>",
    "{{ request }}{% load admin_urls %}{{7*7}}${7*7}",
    "<xss style='behavior:url(x)'>",
    "\\<script>alert(1)\\</script>",
    "<div\n>x</div\n>",
    "<p>&#0;</p>",
    "klzzwxh:0000 \x02wzxhzdk:0\x03 \x02klzzwxh:1\x03",
]


class Seen(HTMLParser):
    """Every tag with its attributes, as a browser would take them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data):
        self.tags.append(("!--", {}))

    def handle_decl(self, decl):
        self.tags.append(("!", {}))


@pytest.mark.asvs("1.3.1 1.3.5", 14)
@pytest.mark.mistake(7)
@pytest.mark.parametrize("text", XSS)
def test_nothing_that_is_typed_runs_or_loads(text):
    for shown in (text, f"Before\n\n{text}\n\nafter", f"- {text}", f"see {text} please"):
        for tag, attributes in Seen(render(shown)).tags:
            assert tag in TAGS
            assert set(attributes) <= ({"href", "rel"} if tag == "a" else set())
            if href := attributes.get("href"):
                assert href.startswith(("http://", "https://", "mailto:"))
                assert attributes["rel"] == "noopener nofollow"


@pytest.mark.asvs("1.3.1 1.3.5", 14)
def test_raw_html_is_shown_as_it_was_typed():
    assert render("<b>x</b> & <i>") == "<p>&lt;b&gt;x&lt;/b&gt; &amp; &lt;i&gt;</p>"
    assert render("a < b & c > d") == "<p>a &lt; b &amp; c &gt; d</p>"
    assert render("plain \" and ' only") == "<p>plain &quot; and &#x27; only</p>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Quotes are stale.", "<p>Quotes are stale.</p>"),
        ("**now** and *soon*", "<p><strong>now</strong> and <em>soon</em></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("one\n\ntwo", "<p>one</p>\n<p>two</p>"),
        ("`a < b`", "<p><code>a &lt; b</code></p>"),
        ("```\nif a:\n    b\n```", "<pre><code>if a:\n    b\n</code></pre>"),
        ("Next:\n- one\n- two", "<p>Next:</p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>"),
        ("Next:\n1. one\n2. two", "<p>Next:</p>\n<ol>\n<li>one</li>\n<li>two</li>\n</ol>"),
        ("```\n$ x\n- no list\n```", "<pre><code>$ x\n- no list\n</code></pre>"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
        ("#1 is down\n# so", "<p>#1 is down<br>\n# so</p>"),
        ("quote_gw_eu_2 is 2 * 3 * 4", "<p>quote_gw_eu_2 is 2 * 3 * 4</p>"),
        ("![x](y)", "<p>![x](y)</p>"),
        ("", "<p></p>"),
    ],
)
def test_it_looks_as_it_was_meant(text, html):
    assert render(text) == html


@pytest.mark.asvs("1.3.1 1.3.5", 14)
@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("see https://g.example/d/1?a=1&b=2.", "https://g.example/d/1?a=1&amp;b=2"),
        ("(https://g.example/x)", "https://g.example/x"),
        ("[chart](https://g.example/x_y_z)", "https://g.example/x_y_z"),
        ("<https://g.example>", "https://g.example"),
        ("[write](mailto:desk@six.example)", "mailto:desk@six.example"),
    ],
)
def test_addresses_are_links_that_give_nothing_away(text, href):
    assert f'<a href="{href}" rel="noopener nofollow">' in render(text)


@pytest.mark.parametrize(
    "text",
    ["[" * 9000, "![[" * 6000, "[a](b" * 3500, ">" * 9000, "`" * 9000, "*a " * 6000, "a\n" * 9000],
)
def test_no_text_keeps_the_page_waiting(text):
    began = time.monotonic()
    render(text)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("marks", ["_a ", "\\", "*a", "`a ", "**", ">", "]("])
def test_brackets_beside_what_makes_each_of_them_dear_are_shown_as_typed(marks):
    text = "[" * 40 + marks * 2000
    assert render(text).startswith("<pre>[[[[")


@pytest.mark.parametrize(
    "fence", ["```a\n", "~~~a\n", "```a\n\n", "  ```a\n", "```a\r", "```a\r\n"]
)
def test_many_fences_are_shown_as_typed(fence):
    assert render(fence * 101) == f"<pre>{fence * 101}</pre>"
    assert not render(fence.strip(" ") * 100).startswith(f"<pre>{fence.strip(' ')}")


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        ("```" + "\t" * 19_000 + "a", "<pre>```\t\t"),
        ("~~~ a" + " " * 19_000, "<pre>~~~ a  "),
        ("``\\\\" * 5000, "<pre>``"),
        ("***" + "a*" * 9000, "<pre>***a*"),
        ("\t&" + "*\n" * 9000, "<pre>\t&amp;*\n"),
        ("> \n\n" + "\n#" * 9000, "<pre>&gt; \n"),
        ("- " * 10_000, "<pre>- - "),
        ("1. " * 6000, "<pre>1. 1. "),
        ("*_" * 10_000, "<pre>*_*_"),
    ],
)
def test_a_text_that_is_mostly_marks_is_shown_as_typed(text, begin):
    assert render(text).startswith(begin)


def test_a_long_text_with_as_many_marks_as_people_write_is_rendered():
    line = "**Late** quotes on `quote-gw-eu-2`; the vendor has been told of it and looks for it.\n"
    text = (line + "- one more of them, as it was seen by the desk and by the quote monitor\n") * 60
    assert (render(text).count("<strong>"), render(text).count("<li>")) == (60, 60)
    spaced = "```sh" + " " * 19 + "\nls\n```"
    assert render(spaced) == "<pre><code>ls\n</code></pre>"


def test_twenty_links_in_a_page_of_text_are_links():
    text = "[chart](https://g.example/x) shows it, as the quote monitor has it on its page. " * 20
    assert render(text).count("<a href=") == 20


def test_a_very_long_text_is_shown_as_it_was_typed():
    assert (
        render("**x**\n" * 5000) == f"<pre>{'**x**' + chr(10)}" * 1 + ("**x**\n" * 4999) + "</pre>"
    )


def test_what_was_rendered_leaves_nothing_behind():
    render("[x][y]\n\n[y]: https://g.example")
    assert render("[x][y] **b**") == "<p>[x][y] <strong>b</strong></p>"


def test_words_from_outside_are_shown_as_they_came_and_a_link_is_what_it_shows():
    assert plain("[Approve](http://evil.example/x) **now**\r\n<b>- one</b>") == (
        '<p>[Approve](<a href="http://evil.example/x" rel="noopener nofollow">'
        "http://evil.example/x</a>) **now**<br>&lt;b&gt;- one&lt;/b&gt;</p>"
    )
    assert plain("x" * (LONGEST + 1)) == f"<pre>{'x' * (LONGEST + 1)}</pre>"
    for evil in XSS:
        assert "<" not in OURS.sub("", plain(evil))
