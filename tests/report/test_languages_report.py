"""The page and the tables of the comparison of languages."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from rich.console import Console
from stand_ins import ByteTokens, WordTokens

from tokenworks.report import languages_html, languages_table
from tokenworks.workflows.languages import LanguageComparison, compare_languages

VOID = {"meta", "br"}


@pytest.fixture(scope="module")
def comparison() -> LanguageComparison:
    return compare_languages([ByteTokens(), WordTokens()])


class Balanced(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None: ...

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_is_whole_and_self_contained(comparison: LanguageComparison) -> None:
    text = languages_html.render(comparison)
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    assert not re.search(r"""(?:src|href)=|@import|url\(|https?://""", text)
    assert text.count('class="row"') == len(comparison.languages) >= 60
    assert text.count("<circle") == 2 * len(comparison.languages)
    for script in ("prefers-color-scheme: dark", "max-width: 560px", "data-sortable"):
        assert script in text


def test_values_are_escaped(comparison: LanguageComparison) -> None:
    hostile = replace(comparison.tokenizers[0], name="<script>alert(1)</script>")
    changed = replace(comparison, tokenizers=(hostile, comparison.tokenizers[1]))
    text = languages_html.render(changed)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_axis_is_logarithmic_and_inside_the_plot() -> None:
    axis = languages_html.Axis([0.8, 1.0, 18.0])
    assert axis(4) - axis(2) == pytest.approx(axis(2) - axis(1), abs=0.02)
    assert 0 < axis(0.8) < axis(18) < 100
    assert [label for label, _ in axis.ticks][:3] == ["1×", "1.5×", "2×"]


def test_tables_name_every_language(comparison: LanguageComparison) -> None:
    out = io.StringIO()
    languages_table.show(comparison, Console(file=out, width=110, color_system=None))
    shown = out.getvalue()
    for row in comparison.languages:
        assert row.language in shown
    assert "1.00 of" not in shown
    assert max(len(line) for line in shown.splitlines()) <= 110
