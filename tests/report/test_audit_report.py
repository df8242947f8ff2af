"""The page of an audit."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tokenworks import Tokenizer
from tokenworks.cli import main
from tokenworks.report import audit_html
from tokenworks.workflows.audit import AuditResult, audit

VOID = {"meta", "br"}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> AuditResult:
    corpus = tmp_path_factory.mktemp("corpus") / "a.txt"
    corpus.write_text("the same text, 12 times\n" * 12)
    return audit(Tokenizer.load("gpt2"), [str(corpus)])


class Balanced(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_is_whole_and_self_contained(result: AuditResult) -> None:
    text = audit_html.render(result)
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    assert not re.search(r"""(?:src|href)=|@import|url\(|https?://""", text)
    for heading in ("Findings", "Notes", "Drift", "Scripts", "How text is cut", "Longest tokens"):
        assert f"<h2>{heading}</h2>" in text
    assert "50,257" in text
    for found in result.findings:
        assert found.kind in text


def test_token_spellings_are_escaped_and_seen(result: AuditResult) -> None:
    found = result.findings[0]
    hostile = replace(found.tokens[0], text="<script>alert(1)</script>\u202e\x1b \n")
    changed = replace(
        result,
        name="<b>name</b>",
        findings=(replace(found, tokens=(hostile,), level="finding"), *result.findings[1:]),
    )
    text = audit_html.render(changed)
    assert "<script>alert" not in text
    assert "<b>name" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert r"&lt;/script&gt;\u202e\x1b␣\n" in text


def test_the_verb_writes_the_page_its_data_and_a_manifest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "out" / "report.html"
    assert main(["audit", "gpt2", "-o", str(page), "--json"]) == 0
    said = capsys.readouterr()
    assert f"wrote {page}" in said.err
    assert json.loads(page.with_suffix(".json").read_text()) == json.loads(said.out)
    assert sorted(p.name for p in page.parent.iterdir()) == [
        "manifest.json",
        "report.html",
        "report.json",
    ]
    (tmp_path / "file").touch()
    assert main(["audit", "gpt2", "-o", str(tmp_path / "file" / "report.html")]) == 2
    assert capsys.readouterr().err.startswith("error: cannot write")
