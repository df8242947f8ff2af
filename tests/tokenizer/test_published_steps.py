"""The unit tests that tokenizers and sentencepiece publish, held against them and against us."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as schema
from tests.native.reference import native, reference

from tokenworks import Tokenizer
from tokenworks.errors import UnsupportedError

VECTORS = Path(__file__).parent.parent / "data" / "vectors"


def listed(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("case", listed("tokenizers.json"), ids=lambda c: c["source"])
def test_steps_of_tokenizers(case: dict[str, Any]) -> None:
    ours = [
        [piece.decode(), spans[0][0], spans[-1][1]]
        for piece, _, spans in native((), case["steps"]).run(case["text"])
    ]
    assert ours == case["pieces"]
    library = reference((), case["steps"]).pre_tokenizer.pre_tokenize_str(case["text"])
    assert [piece for piece, _ in library] == [piece for piece, _, _ in case["pieces"]]


def model(case: dict[str, Any]) -> bytes:
    proto = schema.ModelProto()
    proto.trainer_spec.model_type = schema.TrainerSpec.ModelType.Value(case["model"])
    # The published tests call the model alone, below the normalizer.
    proto.normalizer_spec.name = "identity"
    proto.normalizer_spec.add_dummy_prefix = False
    proto.normalizer_spec.remove_extra_whitespaces = False
    proto.normalizer_spec.escape_whitespaces = False
    first = [["<unk>", 0, "UNKNOWN"], ["<s>", 0, "CONTROL"], ["</s>", 0, "CONTROL"]]
    for piece, score, *kind in [*first, *case["pieces"]]:
        entry = proto.pieces.add(piece=piece, score=score)
        entry.type = schema.ModelProto.SentencePiece.Type.Value(*(kind or ["NORMAL"]))
    data: bytes = proto.SerializeToString()
    return data


@pytest.mark.parametrize("case", listed("sentencepiece.json"), ids=lambda c: c["model"])
def test_models_of_sentencepiece(case: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "x.model"
    path.write_bytes(model(case))
    if (
        "lacks" in case
    ):  # a letter that is no piece itself, so that its merges have no pair of tokens
        with pytest.raises(UnsupportedError, match=f"add '{case['lacks']}' as a piece"):
            Tokenizer.load(path)
        case["pieces"].append([case["lacks"], -9])
        path.write_bytes(model(case))
    ours = Tokenizer.load(path)
    library = sentencepiece.SentencePieceProcessor(model_file=str(path))
    ids = {piece: 3 + index for index, (piece, *_) in enumerate(case["pieces"])}
    for text, pieces in case["cases"]:
        expected: list[int] = []
        for piece in pieces.split():
            # The processor, unlike the model, makes one token of unknown ones in a row.
            if piece in ids or expected[-1:] != [0]:
                expected.append(ids.get(piece, 0))
        assert library.encode(text) == expected
        assert ours.encode(text, specials="text").tolist() == expected
