"""Writing tiktoken rank files, with the pattern and special tokens in a JSON file beside them.

tiktoken merges the pair whose *result* has the lowest id, so a tokenizer can be said in ranks only
if its ids are in the order of its merges.
"""

from __future__ import annotations

import base64

import numpy as np

from tokenworks.errors import UnsupportedError
from tokenworks.tokenizer.definition import Bpe, Definition
from tokenworks.tokenizer.json_layout import Layout, json_text
from tokenworks.tokenizer.known_encodings import CL100K_PATTERN, R50K_PATTERN
from tokenworks.tokenizer.tiktoken_ranks import SIDECAR


def render(definition: Definition) -> dict[str, bytes]:
    """The rank file and what it cannot hold.

    Args:
        definition: a byte-level BPE tokenizer.

    Returns:
        The ranks under "", and under ".json" the pattern and the special tokens.

    Raises:
        UnsupportedError: ranks cannot say this tokenizer; names the first token or step in the way.
    """
    model = _model(definition)
    pattern = _pattern(definition)
    order = np.argsort(model.ids)
    pieces = [model.pieces[i] for i in order.tolist()]
    ids = model.ids[order].tolist()
    special = {token.id for token in definition.added}
    # A special token is none of the ranks, though tokenizer.json has it among the pieces.
    ranks = {
        piece: number for piece, number in zip(pieces, ids, strict=True) if number not in special
    }
    _check_ids(definition, ranks, special)
    _check_merges(definition, model, ranks)
    lines = [base64.b64encode(piece) + b" %d\n" % number for piece, number in ranks.items()]
    beside = {
        "name": definition.name,
        "pat_str": pattern,
        "special_tokens": {
            token.content: token.id for token in sorted(definition.added, key=lambda t: t.id)
        },
    }
    return {"": b"".join(lines), SIDECAR: json_text(beside, Layout(end="\n")).encode()}


def _refuse(definition: Definition, reason: str) -> UnsupportedError:
    return UnsupportedError(
        f"{definition.name}: cannot be said in tiktoken ranks: {reason}; write it as huggingface"
    )


def _model(definition: Definition) -> Bpe:
    model = definition.model
    if not isinstance(model, Bpe):
        raise _refuse(definition, f"it is a {type(model).__name__} model, not BPE")
    if not model.byte_level:
        raise _refuse(definition, "its pieces are characters, not bytes")
    if model.continuing_subword_prefix or model.end_of_word_suffix:
        raise _refuse(definition, "pieces have a prefix or suffix inside words")
    if definition.normalizer:
        raise _refuse(definition, f"it normalizes text ({definition.normalizer[0]['type']})")
    for token in definition.added:
        if token.lstrip or token.rstrip or token.single_word:
            raise _refuse(definition, f"{token.content!r} also takes or needs the text around it")
    return model


def _pattern(definition: Definition) -> str:
    """The one pattern of the pretokenizer."""
    steps = list(definition.pretokenizer)
    names = ", ".join(step["type"] for step in steps) or "nothing"
    if not steps or steps[-1]["type"] != "ByteLevel" or len(steps) > 2:
        raise _refuse(definition, f"text is split by {names}, not by one pattern")
    last = steps.pop()
    if last["add_prefix_space"]:
        raise _refuse(definition, "a space is added before the text")
    if last["use_regex"] and not steps:
        return R50K_PATTERN
    if last["use_regex"] or not steps or steps[0]["type"] != "Split":
        raise _refuse(definition, f"text is split by {names}, not by one pattern")
    split = steps[0]
    pattern: str | None = split["pattern"].get("Regex")
    # Every match a pretoken: what is between the matches is kept, or dropped as tiktoken does.
    kept = split["behavior"] == "Isolated" and not split["invert"]
    dropped = split["behavior"] == "Removed" and split["invert"]
    if pattern is None or not (kept or dropped):
        raise _refuse(definition, "text is not split into the matches of a pattern")
    if pattern == CL100K_PATTERN.replace("{1,3}+", "{1,3}"):
        return CL100K_PATTERN
    return pattern


def _check_ids(definition: Definition, ranks: dict[bytes, int], special: set[int]) -> None:
    taken = special | set(ranks.values())
    missing = next((n for n in range(max(ranks.values())) if n not in taken), None)
    if missing is not None:
        raise _refuse(definition, f"no token has the id {missing}, and ranks have no gaps")
    for byte in range(256):
        if bytes((byte,)) not in ranks:
            raise _refuse(definition, f"the byte 0x{byte:02X} is no token")
    if b"" in ranks:
        raise _refuse(definition, f"the token {ranks[b'']} is empty")


def _check_merges(definition: Definition, model: Bpe, ranks: dict[bytes, int]) -> None:
    """Merges must come in the order of the ids of their results, as ranks have it."""
    before = -1
    for place, (left, right) in enumerate(model.merges.tolist()):
        token = model.pieces[left] + model.pieces[right]
        number = ranks.get(token)
        if number is None:
            raise _refuse(definition, f"merge {place} makes {token!r}, which is no token")
        if number < before:
            raise _refuse(
                definition,
                f"merge {place} makes {token!r}, whose id {number} is lower than {before}, that of "
                "the merge before it; ids must be in the order of the merges",
            )
        before = number
