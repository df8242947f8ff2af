"""The report of an audit, opened from disk in Chromium."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pages import THEMES, WIDTHS, Theme, opened
from playwright.sync_api import Browser

from tokenworks.cli import main
from tokenworks.data.udhr import declaration

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    corpus = folder / "corpus.txt"
    corpus.write_text(declaration("en").text + declaration("ar").text, encoding="utf-8")
    page = folder / "audit.html"
    assert main(["audit", "kl3m-004-char-8k-cased", "--on", str(corpus), "-o", str(page)]) in (0, 1)
    return page


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", THEMES)
def test_it_looks_right(browser: Browser, report: Path, width: int, theme: Theme) -> None:
    found = json.loads(report.with_suffix(".json").read_text(encoding="utf-8"))
    with opened(browser, report.as_uri(), width, theme) as watched:
        page = watched.page
        watched.sound()
        assert watched.asked == [report.as_uri()]
        kinds = page.locator("details.panel > summary strong").all_inner_texts()
        assert sorted(kinds) == sorted(one["kind"] for one in found["findings"])
        bars = page.locator(".bars .bar i b")
        assert bars.count() >= len(found["categories"])
        widest = max(bars.evaluate_all("(all) => all.map((b) => b.getBoundingClientRect().width)"))
        assert widest > 80
        watched.keep("audit")
        for summary in page.locator("details > summary").all():
            if summary.evaluate("(s) => !s.parentNode.open"):
                summary.click()
        watched.sound()
