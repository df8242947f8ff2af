"""Faults of tiktoken ranks, tekken, SentencePiece, GGUF and the older text files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tokenworks.workflows.doctor import doctor

sys.path.insert(0, str(Path(__file__).parent))
import small
from faults_json import drop, put


def change(index: int, line: str | None) -> Callable[[list[str]], None]:
    """A mutation of a list of lines: replace one, or take it away."""

    def mutate(lines: list[str]) -> None:
        if line is None:
            del lines[index]
        else:
            lines[index] = line

    return mutate


RANKS: list[tuple[str, Callable[[list[str]], None], str, int | None]] = [
    ("invalid base64", change(70, "Z! 70"), "base64", 71),
    ("rank missing", change(70, "Rg=="), "rank-line", 71),
    ("rank no number", change(70, "Rg== x"), "rank-line", 71),
    ("a line lost", change(257, None), "rank-hole", 258),
    ("a byte lost", change(70, None), "byte-absent", None),
    ("token twice", change(257, "aGU= 257"), "token-repeated", 258),
    ("rank twice", change(257, "bGw= 256"), "rank-repeated", 258),
    ("parts absent", change(258, "d29ybGQ= 258"), "rank-parts-absent", 259),
    ("out of order", lambda ls: ls.insert(0, ls.pop()), "rank-order", 2),
    ("blank line", lambda ls: ls.insert(5, ""), "blank-line", 6),
    ("cut", change(258, "aGVs"), "truncated", 259),
    ("rank of 20 digits", change(258, "aGVsbA== 99999999999999999999"), "rank-line", 259),
]


@pytest.mark.parametrize("case", RANKS, ids=[c[0] for c in RANKS])
def test_tiktoken(
    case: tuple[str, Callable[[list[str]], None], str, int | None], tmp_path: Path
) -> None:
    _, mutate, code, line = case
    lines = small.ranks()
    mutate(lines)
    path = tmp_path / "r.tiktoken"
    path.write_text("\n".join(lines) + ("" if code == "truncated" else "\n"))
    report = doctor(path)
    assert not report.healthy
    found = [f for f in report.findings if f.code == code]
    assert found, report.findings
    assert line is None or found[0].line == line


TEKKEN = [
    ("no config", drop("config"), "config-missing"),
    ("pattern null", put("config", "pattern", value=None), "config-field"),
    ("number differs", put("config", "num_vocab_tokens", value=9), "size-differs"),
    ("size too large", put("config", "default_vocab_size", value=999), "size-differs"),
    ("rank wrong", put("vocab", 256, "rank", value=9), "rank-order"),
    ("base64", put("vocab", 256, "token_bytes", value="?"), "base64"),
    ("byte lost", put("vocab", 3, "token_bytes", value="AA=="), "byte-absent"),
    ("entry null", put("vocab", 256, value=None), "vocab-shape"),
    ("vocab empty", put("vocab", value=[]), "vocab-empty"),
]


@pytest.mark.parametrize("case", TEKKEN, ids=[c[0] for c in TEKKEN])
def test_tekken(case: tuple[str, Any, str], tmp_path: Path) -> None:
    _, mutate, code = case
    value = small.tekken()
    mutate(value)
    report = doctor(small.write(tmp_path / "tekken.json", value))
    assert not report.healthy
    assert code in report.codes()


def _spm(path: Path, edit: Callable[[Any], None]) -> Path:
    from sentencepiece import sentencepiece_model_pb2 as proto

    small.sentencepiece(path)
    model = proto.ModelProto()
    model.ParseFromString(path.read_bytes())
    edit(model)
    path.write_bytes(model.SerializePartialToString())
    return path


def _set(name: str, value: Any) -> Callable[[Any], None]:
    return lambda m: setattr(m.trainer_spec, name, value)


SPM: list[tuple[str, Callable[[Any], None], str]] = [
    ("unk is an ordinary piece", lambda m: setattr(m.pieces[0], "type", 1), "unk-missing"),
    ("two unk", lambda m: setattr(m.pieces[1], "type", 2), "unk-repeated"),
    ("piece twice", lambda m: setattr(m.pieces[9], "piece", m.pieces[8].piece), "piece-repeated"),
    ("piece empty", lambda m: setattr(m.pieces[9], "piece", ""), "piece-empty"),
    ("score not finite", lambda m: setattr(m.pieces[9], "score", float("nan")), "score"),
    ("no pieces", lambda m: m.ClearField("pieces"), "not-a-tokenizer"),
    ("bytes absent", _set("byte_fallback", True), "byte-pieces-absent"),
    ("bos out of range", _set("bos_id", 9999), "id-out-of-range"),
    ("unk elsewhere", _set("unk_id", 5), "unk-differs"),
    ("bos not control", lambda m: setattr(m.pieces[1], "type", 1), "special-not-control"),
]


@pytest.mark.parametrize("case", SPM, ids=[c[0] for c in SPM])
def test_sentencepiece(case: tuple[str, Callable[[Any], None], str], tmp_path: Path) -> None:
    _, edit, code = case
    report = doctor(_spm(tmp_path / "s.model", edit))
    assert not report.healthy
    assert code in report.codes(), report.findings


def test_sentencepiece_cut_and_no_model(tmp_path: Path) -> None:
    path = small.sentencepiece(tmp_path / "s.model")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    (cut, *_) = doctor(path).findings
    assert cut.code == "truncated" and "byte" in cut.place
    path.write_bytes(b"\x08\x01hello")
    assert "not-a-tokenizer" in doctor(path).codes()


GGUF: list[tuple[str, dict[str, Any], tuple[str, ...], str]] = [
    ("pre unknown", {"pre": "llama-bqe"}, (), "pre-unknown"),
    ("pre missing", {}, ("pre",), "pre-missing"),
    ("merges missing", {}, ("merges",), "merges-missing"),
    ("types too few", {"token_type": [1, 1]}, (), "lengths-differ"),
    ("model unknown", {"model": "sentence"}, (), "type-unknown"),
    ("no tokenizer", {}, ("model", "tokens", "token_type", "merges", "pre"), "not-a-tokenizer"),
    ("bos out of range", {"bos_token_id": 9999}, (), "id-out-of-range"),
    ("merge absent", {"merges": ["h e", "zz q"]}, (), "merge-piece-absent"),
    ("scores missing", {"model": "llama"}, (), "scores-missing"),
    ("rows too few", {"rows": 100}, (), "ids-beyond-rows"),
]


@pytest.mark.parametrize("case", GGUF, ids=[c[0] for c in GGUF])
def test_gguf(case: tuple[str, dict[str, Any], tuple[str, ...], str], tmp_path: Path) -> None:
    _, changes, dropped, code = case
    report = doctor(small.gguf(tmp_path / "m.gguf", drop=dropped, **changes))
    assert not report.healthy
    assert code in report.codes(), report.findings


def test_gguf_header(tmp_path: Path) -> None:
    path = small.gguf(tmp_path / "m.gguf")
    data = path.read_bytes()
    for broken, code in (
        (b"GGML" + data[4:], "bad-magic"),
        (b"lmgg" + data[4:], "bad-magic"),
        (data[:4] + b"\x09\0\0\0" + data[8:], "version-unknown"),
        (data[:4] + b"\0\0\0\x03" + data[8:], "version-unknown"),
        (data[:600], "truncated"),
    ):
        path.write_bytes(broken)
        assert code in doctor(path).codes()


def test_vocab_and_merges(tmp_path: Path) -> None:
    small.write(tmp_path / "vocab.json", {"h": 0, "e": 1, "he": 2})
    merges = tmp_path / "merges.txt"
    merges.write_text("#version: 0.2\nh e\n")
    assert doctor(merges).healthy
    for text, code, line in (
        ("#version: 0.2\nh e\n#version: 0.2\n", "merge-header", 3),
        ("h e\nh\n", "merge-shape", 2),
        ("h e\nh e\n", "merge-repeated", 2),
        ("h e\ne h\n", "merge-piece-absent", 2),
        ("h e\r\n", "line-ends", 1),
    ):
        merges.write_bytes(text.encode())
        found = [f for f in doctor(merges).findings if f.code == code]
        assert found and found[0].line == line, (text, found)
    merges.unlink()
    assert "merges-missing" in doctor(tmp_path).codes()


def test_vocab_txt(tmp_path: Path) -> None:
    path = tmp_path / "vocab.txt"
    path.write_text("[PAD]\n[UNK]\na\na\n")
    (finding,) = doctor(path).findings
    assert (finding.code, finding.line) == ("token-repeated", 4)
