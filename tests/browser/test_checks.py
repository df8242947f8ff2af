"""The checks of pages find what they are there to find."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import opened
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
PAGE = """<!doctype html><body style="background:#fff">
<p id="faint" style="color:#aaa">faint</p><p style="color:#555">clear</p>
<svg role="img" width="100" height="20"></svg><svg role="img" aria-label="a" width="100" height="20"></svg>
<svg role="img" aria-label="a" width="100" height="20"><text y="15" style="fill:#ccc">pale</text></svg>
<button></button><button aria-label="a"></button>
<div style="width:2000px">wide</div><div style="overflow:auto"><b style="margin-left:2000px">in</b></div>
<img src="http://127.0.0.1:9/nothing.png"><script>console.error("broken")</script>"""


def test_each_fault_is_found(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(PAGE, encoding="utf-8")
    with opened(browser, path.as_uri()) as watched:
        assert [one.split(" ")[0] for one in watched.found("faint")] == ["faint", "pale"]
        assert len(watched.found("mute")) == 1
        assert len(watched.found("nameless")) == 1
        assert [one.rsplit(" ", 1)[-1] for one in watched.found("wide")] == ["wide"]
        assert watched.foreign == ["http://127.0.0.1:9/nothing.png"]
        assert "broken" in watched.errors
        with pytest.raises(AssertionError):
            watched.sound()
