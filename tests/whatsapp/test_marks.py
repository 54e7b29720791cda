"""WhatsApp's marks become HTML, and nothing that a client writes becomes anything else."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.whatsapp.marks import render_marks

ALLOWED = {"strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"}


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.said += (dict(attrs).get("value") or "") if tag == "li" else ""

    def handle_data(self, data: str) -> None:
        self.said += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(str(render_marks(text, "AR")))
    reader.close()
    return reader


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*a* _b_ ~c~ `d`", "<strong>a</strong> <em>b</em> <s>c</s> <code>d</code>"),
        ("```a\nb```", "<pre><code>a\nb</code></pre>"),
        ("*_a_*", "<strong><em>a</em></strong>"),
        ("2*3*4 * a* *a\nb*", "2*3*4 * a* *a\nb*"),
        ("uno\n- a\n- b", "uno<ul><li>a</li><li>b</li></ul>"),
        ("3. a", '<ol><li value="3">a</li></ol>'),
        ("> a\nb", "<blockquote>a</blockquote>b"),
        ("`*a*`", "<code>*a*</code>"),
    ],
)
def test_the_marks_are_whatsapps(text: str, html: str) -> None:
    assert render_marks(text) == html


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("mirá https://a.com/x_y_z.", "https://a.com/x_y_z"),
        ("(http://b.com/(a))", "http://b.com/(a)"),
        ("https://ñandú.com.ar/", "https://ñandú.com.ar/"),
    ],
)
def test_an_address_is_a_link_to_what_it_shows(text: str, address: str) -> None:
    [(tag, attributes)] = read(text).tags

    assert (tag, attributes["href"]) == ("a", address)
    assert f">{address}</a>" in render_marks(text)
    assert attributes["rel"] == "noopener noreferrer nofollow"


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "https://google.com@evil.example",
        "https://good.example\\@evil.example",
        "https://аpple.com",
        "https://a.com/\u202egpj.exe",
        "data:text/html,x",
    ],
)
def test_what_deceives_is_no_link(text: str) -> None:
    assert read(text).tags == []


@given(st.text(alphabet=st.one_of(st.sampled_from("*_~`>-1. \n<&\"'/:aéh"), st.characters()), max_size=300))
def test_no_markup_escapes_and_no_word_is_lost(text: str) -> None:
    reader = read(text)

    assert {tag for tag, _attributes in reader.tags} <= ALLOWED
    for tag, attributes in reader.tags:
        assert set(attributes) <= {"a": {"href", "rel", "target"}, "li": {"value"}}.get(tag, set())
    words = re.compile(r"[^\W_]")
    if not re.search(r"(?m)^[0-9]{1,3}\. ", text):  # There "007." becomes the number 7.
        assert words.findall(reader.said.replace("\r", "")) == words.findall(text)


@pytest.mark.parametrize(
    "piece", ["*", "_a", "`", "```", "http://", "http://a.b)", "> ", "- ", "*a _b ~c ", "(", "1. "]
)
def test_hostile_text_takes_no_longer_than_its_length(piece: str) -> None:
    text = piece * (64_000 // len(piece))
    began = time.process_time()

    render_marks(text, "AR")

    assert time.process_time() - began < 3
