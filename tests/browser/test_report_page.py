"""The report of a comparison, opened from disk in Chromium: it shows, answers, and asks nobody."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pages import THEMES, WIDTHS, Theme, opened
from playwright.sync_api import Browser

from tokenworks.data.udhr import declarations
from tokenworks.report.compare_files import write
from tokenworks.workflows.compare import compare
from tokenworks.workflows.compare.texts import SHOWN, declaration_corpus

pytestmark = pytest.mark.browser
NAMES = ("gpt2", "cl100k_base", "o200k_base", "mistral-v1", "kl3m-004-char-8k-cased")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    every = declarations()  # of all scripts, and enough languages for two columns
    picked = [one for at, one in enumerate(every) if at % 3 == 0 or one.code in SHOWN]
    corpus = declaration_corpus([replace(one, articles=one.articles[:8]) for one in picked])
    found = compare(NAMES, corpus, price=2.5, context=8192, unreachable=False, offline=True)
    return write(found, tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="module")
def figures(report: Path) -> Any:
    return json.loads(report.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", THEMES)
def test_it_looks_right(
    browser: Browser, report: Path, figures: Any, width: int, theme: Theme
) -> None:
    with opened(browser, report.as_uri(), width, theme) as watched:
        page = watched.page
        watched.sound()
        assert watched.asked == [report.as_uri()]
        dots = page.locator("#labels circle")
        assert dots.count() == len(figures["labels"]) * len(NAMES)
        assert page.locator("#size circle").count() == len(NAMES)
        assert page.locator("#where .bar svg rect").count() > 2 * len(NAMES)
        assert page.locator(".ranking tbody tr").count() == len(NAMES)
        back = page.evaluate("getComputedStyle(document.body).backgroundColor")
        channels = [int(c) for c in back[4:-1].split(",")]
        assert (sum(channels) < 150) == (theme == "dark")
        watched.keep("report")


def test_labels_of_the_scatter_plot_lie_apart(browser: Browser, report: Path) -> None:
    with opened(browser, report.as_uri()) as watched:
        boxes = watched.page.evaluate(
            "[...document.querySelectorAll('#size .mark')].map((t) => {"
            " const b = t.getBoundingClientRect(), s = t.closest('svg').getBoundingClientRect();"
            " return [b.left, b.top, b.right, b.bottom, s.left, s.right]; })"
        )
        assert len(boxes) == len(NAMES)
        for at, (left, top, right, bottom, begin, end) in enumerate(boxes):
            assert begin <= left and right <= end
            for other in boxes[at + 1 :]:
                apart = right <= other[0] or other[2] <= left
                assert apart or bottom - 3 <= other[1] or other[3] - 3 <= top


def test_a_name_in_the_legend_brings_its_dots_forward(browser: Browser, report: Path) -> None:
    with opened(browser, report.as_uri()) as watched:
        button = watched.page.locator("#labels [data-legend] button").nth(2)
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        faint = watched.page.locator("#labels circle.n0").first
        strong = watched.page.locator("#labels circle.n2").first
        assert float(faint.evaluate("(e) => getComputedStyle(e).opacity")) < 0.5
        assert strong.evaluate("(e) => getComputedStyle(e).opacity") == "1"
        button.click()
        assert faint.evaluate("(e) => getComputedStyle(e).opacity") == "1"


def test_paragraphs_are_cut_in_several_scripts(
    browser: Browser, report: Path, figures: Any
) -> None:
    with opened(browser, report.as_uri(), 400) as watched:
        page = watched.page
        tabs = page.locator("#cuts .tabs > label")
        assert tabs.count() >= 6
        for at in range(tabs.count()):
            tabs.nth(at).click()
            shown = page.locator("#cuts .tab").nth(at)
            assert shown.is_visible()
            cut = next(c for c in figures["cuts"] if c["title"] == tabs.nth(at).inner_text())
            assert shown.locator(".text").first.get_attribute("dir") == cut["direction"]
            pieces = shown.locator(".text").first.locator("i").all_inner_texts()
            assert len(pieces) == len(cut["pieces"][0])
        watched.sound()


def test_tables_sort_and_figures_download(
    browser: Browser, report: Path, tmp_path: Path, figures: Any
) -> None:
    with opened(browser, report.as_uri(), accept_downloads=True) as watched:
        page = watched.page
        page.locator("#data thead button").nth(3).click()
        sizes = page.locator("#data tbody").first.evaluate(
            "(body) => [...body.rows].map((row) => Number(row.cells[3].dataset.value))"
        )
        assert sizes == sorted(sizes) and len(sizes) == len(figures["labels"])
        links = page.locator("a.csv").count()
        names = []
        for at in range(links):
            if at % 8 == 7:  # Chromium holds back the eleventh download of a page
                page.reload()
            with page.expect_download() as waiting:
                page.locator("a.csv").nth(at).click()
            names.append(waiting.value.suggested_filename)
            target = tmp_path / names[-1]
            waiting.value.save_as(target)
            rows = list(csv.reader(target.open(encoding="utf-8", newline="")))
            assert len(rows) > 1
            assert {len(row) for row in rows} == {len(rows[0])}
        assert len(set(names)) == links > 10


def test_it_is_small(report: Path) -> None:
    assert report.stat().st_size < 3_000_000
