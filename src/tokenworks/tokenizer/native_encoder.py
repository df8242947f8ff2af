"""Build the native encoder of a definition."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks._native import Encoder
from tokenworks.errors import TokenworksError, UnsupportedError
from tokenworks.tokenizer.definition import Bpe, Definition, Unigram
from tokenworks.tokenizer.encoding import Core
from tokenworks.tokenizer.pattern_split import matches
from tokenworks.tokenizer.serde_numbers import as_serde_reads
from tokenworks.tokenizer.two_phase import TwoPhaseEncoder, word_phase

_NO_MERGES = np.empty((0, 2), np.uint32)
_NO_SCORES = np.empty(0, np.float64)


def build_encoder(definition: Definition) -> Core:
    """Hand a definition to the native core.

    Args:
        definition: of the tokenizer.

    Returns:
        The `Encoder`, immutable and safe to call from several threads.

    Raises:
        UnsupportedError: the core cannot do a step of this definition exactly.
    """
    if definition.two_phase is not None:
        return TwoPhaseEncoder(definition, build_encoder(word_phase(definition)))
    model = definition.model
    pieces, ids = model.pieces, model.ids
    merges, scores = _NO_MERGES, _NO_SCORES
    options: dict[str, Any] = {"unk_id": model.unk_id}
    if isinstance(model, Bpe):
        kind = "bpe"
        pieces, ids, merges, ranks = _reachable(model)
        options |= {
            "byte_level": model.byte_level,
            "ignore_merges": model.ignore_merges,
            "byte_fallback": model.byte_fallback,
            "fuse_unk": model.fuse_unk,
            "continuing_subword_prefix": model.continuing_subword_prefix,
            "end_of_word_suffix": model.end_of_word_suffix,
            "user_defined": sorted(model.user_defined),
            "unused": sorted(model.unused),
            "merge_ranks": ranks,
        }
    elif isinstance(model, Unigram):
        kind = "unigram"
        read = definition.origin.format == "huggingface" and model.flavour == "tokenizers"
        scores = as_serde_reads(model.scores) if read else model.scores
        options |= {
            "byte_fallback": model.byte_fallback,
            "user_defined": sorted(model.user_defined),
            "unused": sorted(model.unused),
            "flavour": model.flavour,
        }
    else:
        kind = "wordpiece"
        options |= {
            "continuing_subword_prefix": model.continuing_subword_prefix,
            "max_input_chars_per_word": model.max_input_chars_per_word,
        }
    offsets = np.zeros(len(pieces) + 1, np.uint64)
    np.cumsum(np.fromiter(map(len, pieces), np.uint64, len(pieces)), out=offsets[1:])
    added = [
        {
            "id": token.id,
            "content": token.content,
            "special": token.special,
            "single_word": token.single_word,
            "lstrip": token.lstrip,
            "rstrip": token.rstrip,
            "normalized": token.normalized,
        }
        for token in definition.added
    ]
    try:
        return Encoder(
            kind=kind,
            pieces=b"".join(pieces),
            offsets=offsets,
            ids=np.ascontiguousarray(ids, np.uint32),
            merges=np.ascontiguousarray(merges, np.uint32),
            scores=np.ascontiguousarray(scores, np.float64),
            options=options,
            normalizer=[dict(step) for step in definition.normalizer],
            pretokenizer=[dict(step) for step in definition.pretokenizer],
            added=added,
            split=matches,
        )
    except TokenworksError:
        raise
    except (ValueError, KeyError) as error:
        raise UnsupportedError(f"{definition.name}: {error}") from None


def _reachable(
    model: Bpe,
) -> tuple[tuple[bytes, ...], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32] | None]:
    """The model without the pieces that stand outside the byte map, which no text produces."""
    if not model.outside_map:
        return model.pieces, model.ids, model.merges, model.merge_ranks
    keep = ~np.isin(model.ids, np.fromiter(model.outside_map, np.uint32, len(model.outside_map)))
    place = np.cumsum(keep, dtype=np.int64) - 1
    pieces = tuple(piece for piece, kept in zip(model.pieces, keep, strict=True) if kept)
    alive = keep[model.merges].all(axis=1) if len(model.merges) else np.ones(0, bool)
    merges = place[model.merges[alive]].astype(np.uint32).reshape(-1, 2)
    ranks = None if model.merge_ranks is None else model.merge_ranks[alive]
    return pieces, model.ids[keep], merges, ranks
