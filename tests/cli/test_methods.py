"""`tokenworks methods`."""

from __future__ import annotations

import json

import pytest

from tokenworks import registry
from tokenworks.cli import main
from tokenworks.registry import method


@pytest.fixture(autouse=True)
def _one_method(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_local", {})
    method("packing", "next-fit", paper="arXiv:0000.00001", year=1974, needs=("torch",))(pack)


def pack(lengths: list[int]) -> list[int]:
    """Keep one bin open."""
    return lengths


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods", "list", "packing"]) == 0
    shown = capsys.readouterr().out
    assert "packing/next-fit" in shown
    assert "Keep one bin open." in shown


def test_list_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods", "list", "packing", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"family": "packing", "name": "next-fit"}.items() <= rows[0].items()


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods", "show", "next-fit"]) == 0
    shown = capsys.readouterr().out
    assert "1974" in shown
    assert "torch" in shown


def test_cite(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods", "cite", "packing/next-fit"]) == 0
    assert capsys.readouterr().out.startswith("@misc{packing-next-fit,\n  eprint = {0000.00001}")


def test_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods", "show", "nextfit"]) == 2
    assert "did you mean next-fit" in capsys.readouterr().err
