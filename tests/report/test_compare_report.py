"""The page of a comparison: whole, self-contained, harmless, and the terminal's table."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from rich.console import Console

from tokenworks.report import compare_html, compare_table
from tokenworks.report.charts import LogAxis, scatter, stacks
from tokenworks.report.csv_links import csv_link
from tokenworks.workflows.compare import Comparison, compare

VOID = {"meta", "br", "input"}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;"


class Page(HTMLParser):
    """The balance of tags, and everything that a browser would fetch or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.tags: dict[str, int] = {}
        self.handlers: list[str] = []
        self.charts: list[str] = []
        self.data: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        values = dict(attrs)
        self.links += [values[name] or "" for name in ("href", "src", "srcset") if name in values]
        self.handlers += [name for name in values if name.startswith("on")]
        if tag == "svg":
            self.charts.append(values.get("aria-label") or values.get("aria-hidden") or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.data.append(data)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(["gpt2", "mistral-v1", "o200k_base"], price=1.5, context=4096, unreachable=False)


def test_page_is_whole_and_fetches_nothing(comparison: Comparison) -> None:
    text = compare_html.render(comparison)
    page = Page(text)
    assert page.open == []
    assert page.links and all(link.startswith("data:text/csv") for link in page.links)
    assert page.handlers == []
    assert not re.search(r"@import|url\(|https?://", text)
    assert page.tags["script"] == 1
    assert len(text.encode()) < 3_000_000
    for part in ("prefers-color-scheme: dark", "max-width: 560px", 'name="viewport"'):
        assert part in text


def test_every_chart_has_an_alternative(comparison: Comparison) -> None:
    page = Page(compare_html.render(comparison))
    assert len(page.charts) > len(comparison.labels)
    assert all(page.charts) or page.charts.count("") == 2  # the axes, hidden with their row


def test_page_shows_verdict_ranking_and_right_to_left(comparison: Comparison) -> None:
    text = compare_html.render(comparison)
    for sentence in comparison.verdict:
        assert sentence in text
    assert 'dir="rtl"' in text and 'lang="ar"' in text
    assert "characters in 4,096" in text
    assert text.count('class="row"') == len(comparison.labels)


def test_figures_download_as_csv(comparison: Comparison) -> None:
    page = Page(compare_html.render(comparison))
    tables = []
    for link in page.links:
        text = unquote(link.split(",", 1)[1])
        tables.append(list(csv.DictReader(io.StringIO(text))))
    assert all(tables)
    ranking = tables[0]
    assert [row["tokenizer"] for row in ranking] == [one.name for one in comparison.tokenizers]
    assert float(ranking[0]["relative"]) == pytest.approx(
        comparison.tokenizers[0].relative.value, rel=1e-5
    )
    labels = next(table for table in tables if "premium" in table[0])
    assert len(labels) == len(comparison.labels) * len(comparison.tokenizers)


def test_spreadsheets_run_nothing() -> None:
    text = unquote(csv_link(["a"], [["=1+1"], ["@x"], [None], [0.5], ["a,b"]]).split(",", 1)[1])
    assert text == 'a\n\'=1+1\n\'@x\n""\n0.5\n"a,b"\n'


def test_hostile_text_and_names_stay_text(tmp_path: Path) -> None:
    text = f"{HOSTILE} {{{{ 7 * 7 }}}} \x1b[31m \u202e"
    lines = [{"text": text, "l": f"{HOSTILE}{n}"} for n in (1, 2)]
    path = tmp_path / "<b>x.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    found = compare(["gpt2", "o200k_base"], path, labels="column:l", unreachable=False)
    html = compare_html.render(found)
    page = Page(html)
    assert page.open == []
    assert page.tags["script"] == 1 and "img" not in page.tags
    assert page.handlers == []
    assert all(link.startswith("data:text/csv") for link in page.links)
    assert "<script>alert" not in html
    assert "{{ 7 * 7 }}" in "".join(page.data)
    out = io.StringIO()
    Console(file=out, width=120).print(compare_table.ranking(found), markup=False)
    assert "\x1b[31m \u202e" not in out.getvalue()


def test_one_tokenizer_and_one_label_make_a_page(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    found = compare(["gpt2"], tmp_path / "a.txt", unreachable=False)
    assert Page(compare_html.render(found)).open == []


@pytest.mark.slow
def test_a_large_comparison_stays_under_three_megabytes() -> None:
    many = compare(
        [
            *("gpt2", "cl100k_base", "o200k_base", "qwen2.5", "tekken", "mistral-v1", "gpt-neox"),
            *("kl3m-001-32k", "kl3m-004-char-8k-cased", "kl3m-004-char-4k-cased", "r50k_base"),
        ],
        unreachable=False,
    )
    assert len(compare_html.render(many).encode()) < 3_000_000


def test_terminal_table_names_all(comparison: Comparison) -> None:
    out = io.StringIO()
    console = Console(file=out, width=150, color_system=None)
    console.print(compare_table.ranking(comparison), markup=False)
    shown = out.getvalue()
    for one in comparison.tokenizers:
        assert one.name in shown
    assert comparison.verdict[0][:60] in shown


def test_axis_is_logarithmic_and_inside_the_plot() -> None:
    axis = LogAxis([0.8, 1.0, 18.0], "×", 1.0)
    assert axis(4) - axis(2) == pytest.approx(axis(2) - axis(1), abs=0.02)
    assert 0 < axis(0.8) < axis(18) < 100
    assert axis.mark == axis(1)
    assert LogAxis([], "")(1.0) > 0
    assert LogAxis([2.0, float("nan")])(float("nan")) == 0


def test_stacked_bars_fill_the_width() -> None:
    found = stacks([{"a": 3, "b": 1}, {"c": 5}, {}], most=1, rest="rest")
    assert [name for name, _ in found.names] == ["c", "rest"]
    for bar in found.bars[:2]:
        assert sum(part.width for part in bar) == pytest.approx(100)
    assert found.bars[2] == ()
    assert stacks([{"a": 3, "b": 1}], order=("b", "a")).names == (("b", 0), ("a", 1))


def test_scatter_keeps_labels_apart() -> None:
    found = scatter([(f"t{n}", 32000, 3.0, None, None) for n in range(4)])
    for side in ("start", "end"):
        heights = sorted(point.label_y for point in found.points if point.anchor == side)
        assert all(b - a >= 13 for a, b in itertools.pairwise(heights))
    assert all(0 < point.x < 100 for point in found.points)
