"""Faults between the files of a folder: specials, ids, templates, sizes and weights."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tokenworks.workflows.doctor import doctor
from tokenworks.workflows.doctor.chat_template import run_template

sys.path.insert(0, str(Path(__file__).parent))
import small
from faults_json import drop, put

TOKENIZER, CONFIG, MODEL = "tokenizer.json", "tokenizer_config.json", "config.json"
MAP, GENERATION = "special_tokens_map.json", "generation_config.json"
BOS_TEMPLATE = "{{ bos_token }}" + small.CHAT.replace("<s>", "")

# (name, file, mutation, code, a word of the finding)
FAULTS: list[tuple[str, str, Callable[[Any], None], str, str]] = [
    (
        "bos not in the vocabulary",
        CONFIG,
        put("bos_token", value="<bos>"),
        "special-absent",
        "<bos>",
    ),
    (
        "the map names another eos",
        MAP,
        put("eos_token", value="<s>"),
        "special-differs",
        "eos_token",
    ),
    ("bos is a number", CONFIG, put("bos_token", value=1), "special-shape", "bos_token"),
    (
        "the decoder's id differs",
        CONFIG,
        put("added_tokens_decoder", "9", value={"content": "<s>"}),
        "added-id-differs",
        "262",
    ),
    (
        "the decoder names an absent token",
        CONFIG,
        put("added_tokens_decoder", "262", value={"content": "<x>"}),
        "added-differs",
        "<x>",
    ),
    (
        "the decoder's entry is null",
        CONFIG,
        put("added_tokens_decoder", "262", value=None),
        "added-shape",
        "262",
    ),
    ("config eos differs", MODEL, put("eos_token_id", value=5), "id-differs", "263"),
    (
        "config pad without a token",
        MODEL,
        put("pad_token_id", value=900),
        "id-without-token",
        "900",
    ),
    ("pad id of -1", MODEL, put("pad_token_id", value=-1), "id-out-of-range", "-1"),
    (
        "generation eos differs",
        GENERATION,
        put("eos_token_id", value=[4, 5]),
        "configs-differ",
        "may not stop",
    ),
    (
        "generation bos differs",
        GENERATION,
        put("bos_token_id", value=263),
        "configs-differ",
        "bos_token_id",
    ),
    (
        "add_bos_token without a post-processor",
        CONFIG,
        put("add_bos_token", value=True),
        "add-bos-disagrees",
        "does not add",
    ),
    ("vocab_size too small", MODEL, put("vocab_size", value=200), "ids-beyond-config", "263"),
    ("vocab_size a string", MODEL, put("vocab_size", value="264"), "size-type", "264"),
    ("rows differ from config", MODEL, put("vocab_size", value=300), "rows-differ", "300"),
    (
        "template does not parse",
        CONFIG,
        put("chat_template", value="{% for m in %}"),
        "chat-template-syntax",
        "line 1",
    ),
    (
        "template raises",
        CONFIG,
        put("chat_template", value="{{ raise_exception('no') }}"),
        "chat-template-raises",
        "no",
    ),
    (
        "template calls what is not there",
        CONFIG,
        put("chat_template", value="{{ messages[0].x.y }}"),
        "chat-template-raises",
        "no attribute",
    ),
    (
        "template loses the text",
        CONFIG,
        put("chat_template", value="<s>hello"),
        "chat-template-loses",
        "hello",
    ),
    (
        "template does not end",
        CONFIG,
        put(
            "chat_template",
            value="{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        ),
        "chat-template-endless",
        "seconds",
    ),
    (
        "template without generation prompt",
        CONFIG,
        put("chat_template", value=small.CHAT.split("{% if add")[0]),
        "generation-prompt-missing",
        "assistant",
    ),
    (
        "template writes an absent special",
        CONFIG,
        put("chat_template", value=small.CHAT.replace("<s>", "<|im_start|>")),
        "chat-template-special-absent",
        "<|im_start|>",
    ),
    ("template is a number", CONFIG, put("chat_template", value=5), "template-shape", "5"),
    (
        "doubled BOS",
        TOKENIZER,
        put("post_processor", value=small.template("<s>", 262)),
        "bos-doubled",
        "again",
    ),
    ("no eos anywhere", CONFIG, drop("eos_token"), "eos-missing", "eos_token"),
]


def edit(folder: Path, file: str, mutate: Callable[[Any], None]) -> None:
    """Change a JSON file of a folder."""
    value = json.loads((folder / file).read_text(encoding="utf-8"))
    mutate(value)
    small.write(folder / file, value)


@pytest.mark.parametrize("fault", FAULTS, ids=[f[0] for f in FAULTS])
def test_fault_is_named(
    fault: tuple[str, str, Callable[[Any], None], str, str], tmp_path: Path
) -> None:
    name, file, mutate, code, word = fault
    folder = small.model_folder(tmp_path / "model")
    edit(folder, file, mutate)
    if name == "no eos anywhere":
        for other in (MAP, MODEL, GENERATION):
            edit(folder, other, lambda v: [v.pop(k) for k in list(v) if k.startswith("eos")])
    report = doctor(folder)
    assert not report.healthy
    found = [f for f in report.findings if f.code == code]
    assert any(word in f"{f.place} {f.what} {f.right}" for f in found), report.findings


def test_notes_do_not_make_ill(tmp_path: Path) -> None:
    folder = small.model_folder(tmp_path / "model")
    edit(folder, CONFIG, put("pad_token", value="</s>"))
    small.safetensors(
        folder / "model.safetensors",
        {"model.embed_tokens.weight": (320, 4), "lm_head.weight": (320, 4)},
    )
    edit(folder, MODEL, put("vocab_size", value=320))
    report = doctor(folder)
    assert report.healthy
    assert {"pad-is-eos", "rows-padded"} <= report.codes()
    assert report.facts["sizes"]["tied"] is False


@pytest.mark.parametrize(
    ("tensors", "code"),
    [
        ({"model.embed_tokens.weight": (100, 4), "lm_head.weight": (100, 4)}, "ids-beyond-rows"),
        ({"model.embed_tokens.weight": (264, 4), "lm_head.weight": (260, 4)}, "ids-beyond-rows"),
        ({"model.embed_tokens.weight": (264, 4)}, "head-missing"),
    ],
)
def test_rows(tensors: dict[str, tuple[int, ...]], code: str, tmp_path: Path) -> None:
    folder = small.model_folder(tmp_path / "model")
    small.safetensors(folder / "model.safetensors", tensors)
    assert code in doctor(folder).codes()


def test_broken_weights(tmp_path: Path) -> None:
    folder = small.model_folder(tmp_path / "model")
    path = folder / "model.safetensors"
    good = path.read_bytes()
    length = struct.unpack("<Q", good[:8])[0]
    header = good[8 : 8 + length]
    for data, code in (
        (good[:-100], "truncated"),
        (good[:50], "truncated"),
        (good[:4], "truncated"),
        (b"", "empty"),
        (b"\xff" * 100, "header-too-large"),
        (good + b"xx", "trailing-data"),
        (good[:8] + b"!" * length + good[8 + length :], "bad-header"),
        (good[:8] + header.replace(b'"F32"', b'"Q32"') + good[8 + length :], "dtype-unknown"),
        (good[:8] + header.replace(b"[264, 4]", b"[164, 4]") + good[8 + length :], "tensor-size"),
        (b"version https://git-lfs.github.com/spec/v1\nsize 5\n", "lfs-pointer"),
        (b"<html>", "html-page"),
    ):
        path.write_bytes(data)
        report = doctor(folder)
        assert not report.healthy
        assert code in report.codes(), (code, report.findings)
        assert code in doctor(path).codes()


def test_sharded_index(tmp_path: Path) -> None:
    folder = small.model_folder(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    small.safetensors(folder / "model-1.safetensors", {"model.embed_tokens.weight": (264, 4)})
    small.safetensors(folder / "model-2.safetensors", {"lm_head.weight": (264, 4)})
    index = {
        "model.embed_tokens.weight": "model-1.safetensors",
        "lm_head.weight": "model-2.safetensors",
    }
    small.write(folder / "model.safetensors.index.json", {"weight_map": index})
    assert doctor(folder).healthy, doctor(folder).findings
    small.write(
        folder / "model.safetensors.index.json",
        {"weight_map": {**index, "norm": "model-1.safetensors"}},
    )
    assert "index-differs" in doctor(folder).codes()
    (folder / "model-2.safetensors").unlink()
    assert "shard-missing" in doctor(folder).codes()
    small.write(folder / "model.safetensors.index.json", {"weight_map": None})
    assert "index-shape" in doctor(folder).codes()


def test_doubled_bos_through_the_flag(tmp_path: Path) -> None:
    folder = small.model_folder(tmp_path / "model")
    edit(folder, CONFIG, put("add_bos_token", value=True))
    edit(folder, CONFIG, put("chat_template", value=BOS_TEMPLATE))
    assert "bos-doubled" in doctor(folder).codes()


def test_templates_that_disagree(tmp_path: Path) -> None:
    folder = small.model_folder(tmp_path / "model")
    (folder / "chat_template.jinja").write_text(small.CHAT + " ", encoding="utf-8")
    assert "templates-differ" in doctor(folder).codes()


def test_hostile_templates_cannot_leave_the_sandbox(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    for source in (
        "{{ cycler.__init__.__globals__.os.system('touch " + str(mark) + "') }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{% set x = messages.append(1) %}",
    ):
        (result,) = run_template(source, {}, [{"messages": []}])
        assert "error" in result or result["text"].strip() == "", result
    assert not mark.exists()
    (big,) = run_template("{{ 'x' * 9000000000 }}", {}, [{}])
    assert "error" in big
