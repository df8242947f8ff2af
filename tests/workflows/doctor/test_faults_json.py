"""Every way in which a tokenizer.json can be wrong is named, at its place."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path

import pytest

from tokenworks.workflows.doctor import doctor

sys.path.insert(0, str(Path(__file__).parent))
import small
from faults_json import FAULTS, Fault

# Faults that tokenizers loads without a word; every other one, it refuses without naming the place.
# The doctor must find both.


@pytest.mark.parametrize("fault", FAULTS, ids=[f[0] for f in FAULTS])
def test_fault_is_named(fault: Fault, tmp_path: Path) -> None:
    _, build, mutate, code, word = fault
    value = copy.deepcopy(build())
    mutate(value)
    report = doctor(small.write(tmp_path / "tokenizer.json", value))
    assert not report.healthy
    named = [f for f in report.findings if f.code == code]
    assert named, [(f.code, f.what) for f in report.findings]
    assert any(word in f"{f.place} {f.what} {f.right}" for f in named), named
    assert all(f.line for f in named)
    json.dumps(report.to_json())


def test_line_and_column_point_at_the_value(tmp_path: Path) -> None:
    value = small.bpe()
    value["model"]["merges"][3] = ["hell", "q"]
    path = small.write(tmp_path / "tokenizer.json", value)
    (finding,) = (f for f in doctor(path).findings if f.code == "merge-result-absent")
    assert finding.place == "model.merges[3]"
    lines = path.read_text(encoding="utf-8").split("\n")
    at = lines[finding.line - 1][finding.column - 1 :]
    assert at == "["
    assert lines[finding.line].strip() == '"hell",'


def test_what_tokenizers_refuses_is_never_called_healthy(tmp_path: Path) -> None:
    import tokenizers

    for name, build, mutate, _, _ in FAULTS:
        value = copy.deepcopy(build())
        mutate(value)
        path = small.write(tmp_path / "tokenizer.json", value)
        try:
            tokenizers.Tokenizer.from_file(str(path))
        except BaseException as error:
            assert not isinstance(error, KeyboardInterrupt)
            assert any(f.severity == "error" for f in doctor(path).findings), (name, error)


def test_repeated_faults_are_counted(tmp_path: Path) -> None:
    value = small.bpe()
    value["model"]["merges"] += [["zz", str(i)] for i in range(50)]
    report = doctor(small.write(tmp_path / "tokenizer.json", value))
    assert report.count("error") == 50
    assert len([f for f in report.findings if f.code == "merge-piece-absent"]) == 3


def test_assigned_ids_are_those_of_tokenizers(tmp_path: Path) -> None:
    import tokenizers

    value = small.bpe()
    value["added_tokens"] = [small.added(500, "<x>"), small.added(66, "b"), small.added(7, "<y>")]
    report = doctor(small.write(tmp_path / "tokenizer.json", value))
    real = tokenizers.Tokenizer.from_str(json.dumps(value))
    for finding in report.findings:
        if finding.code in ("added-id-shifts", "added-id-taken"):
            content = finding.what.split("'")[1]
            assert f"give it {real.token_to_id(content)}" in finding.what
    assert {"added-id-shifts", "added-id-taken"} <= report.codes()


def test_a_lone_surrogate_is_named(tmp_path: Path) -> None:
    """No check of its own; the reader's refusal is the last word."""
    root = small.bpe()
    root["added_tokens"], root["post_processor"] = [], None
    root["model"]["vocab"]["\ud800"] = len(root["model"]["vocab"])
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(root), encoding="utf-8")
    finding = next(f for f in doctor(path).findings if f.code == "not-read")
    assert finding.severity == "error"
    assert "surrogate" in finding.what
