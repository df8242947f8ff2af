"""HTML becomes the text that a reader sees, whatever the page."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenworks.text import Problems, documents
from tokenworks.text.html import to_text

PAGES = {
    "<p>One</p><p>Two": "One\n\nTwo",
    "<div>a</div><div>b</div>": "a\nb",
    "a  <b> b </b>\n c": "a b c",
    "a<br>b<br/>c": "a\nb\nc",
    "<ul><li>x<li>y</ul>": "x\ny",
    "<script>var x = '<p>no</p>';</script>yes": "yes",
    "<SCRIPT type='a>b'>no</SCRIPT >yes": "yes",
    "<style>p {}</style>a<!-- no > --> b": "a b",
    "<!doctype html><title>T</title><body>b": "T\n\nb",
    "<pre>  two\n  lines </pre>": "  two\n  lines ",
    "<a title=\"x > y\" href='z'>link</a>!": "link!",
    "1 < 2 && 3 > 2": "1 < 2 && 3 > 2",
    "&lt;b&gt; &eacute;&#x1F600; &nosuch;": "<b> é😀 &nosuch;",
    "<svg><path d='1'/></svg>after": "after",
    "<td>a<td>b": "a\nb",
    "<": "<",
    "<a": "",
    "": "",
}


@pytest.mark.parametrize("page", PAGES, ids=repr)
def test_pages(page: str) -> None:
    assert to_text(page) == PAGES[page]


@given(st.text(st.sampled_from("<>/!-a=\"'& \npscriptre"), max_size=80))
def test_any_text_is_a_page(page: str) -> None:
    assert isinstance(to_text(page), str)


HOSTILE = ("<a ", "<!--", "</", "<a x='", "<a x='\">", "<script>", "<script></s", "&", "&#", "<",
           "<!x", "<a =", "<pre>", "<p>", "</pre> ", "<svg/", "=", " ")  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_is_linear(unit: str) -> None:
    def seconds(times: int) -> float:
        began = time.perf_counter()
        to_text(unit * times)
        to_text("<a " + unit * times + ">")
        return time.perf_counter() - began

    seconds(100)
    # quadratic time would take minutes for this
    assert seconds(500_000 // len(unit)) < 10


def test_a_declared_encoding_is_used(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_bytes('<meta charset="windows-1254"><p>şğıİ'.encode("cp1254"))
    (document,) = documents(path, strict=True)
    assert document.text == "şğıİ"
    path.write_bytes(b'<meta charset="nonsense"><p>\xff')
    problems = Problems()
    (document,) = documents(path, on_problem=problems)
    assert document.text == "\ufffd"
    assert problems.by_kind == {"utf-8": 1}
