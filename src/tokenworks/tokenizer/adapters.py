"""To and from the tokenizer objects of `transformers`, `tokenizers` and `tiktoken`."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tokenworks.errors import FormatError, MissingExtraError, UnsupportedError
from tokenworks.tokenizer.definition import Bpe, Definition, Origin
from tokenworks.tokenizer.huggingface import read_document
from tokenworks.tokenizer.huggingface_config import ROLES, Companions
from tokenworks.tokenizer.source import parse_json
from tokenworks.tokenizer.tiktoken_ranks import check_ranks, from_ranks, recover_merges
from tokenworks.tokenizer.tokenizer import Tokenizer


def from_tiktoken(encoding: Any) -> Tokenizer:
    """Take over a `tiktoken.Encoding`.

    Args:
        encoding: the object.

    Returns:
        A tokenizer with the same ids.

    Raises:
        FormatError: the object is no encoding, or its ranks have gaps.
    """
    try:
        ranks: Mapping[bytes, int] = encoding._mergeable_ranks
        specials: Mapping[str, int] = encoding._special_tokens
        pattern: str = encoding._pat_str
    except AttributeError:
        raise FormatError(f"{type(encoding).__name__} is not a tiktoken.Encoding") from None
    check_ranks(Path(encoding.name), ranks, specials)
    return Tokenizer(from_ranks(encoding.name, ranks, pattern, specials, Origin("tiktoken")))


def to_tiktoken(tokenizer: Tokenizer) -> Any:
    """Make a `tiktoken.Encoding` with the same ids.

    Args:
        tokenizer: a byte-level BPE whose merges are those of its ids in order.

    Returns:
        The `tiktoken.Encoding`.

    Raises:
        UnsupportedError: tiktoken cannot do what this tokenizer does; the message says what.
        MissingExtraError: tiktoken is not installed.
    """
    try:
        import tiktoken
    except ImportError:
        raise MissingExtraError("this needs: pip install 'tokenworks[hf]'") from None
    definition = tokenizer.definition
    pattern = tokenizer.pattern
    model = definition.model
    if not (isinstance(model, Bpe) and model.byte_level) or pattern is None:
        raise UnsupportedError(
            f"{tokenizer.name}: tiktoken knows only byte-level BPE with one pattern"
        )
    if definition.normalizer:
        kinds = ", ".join(step["type"] for step in definition.normalizer)
        raise UnsupportedError(f"{tokenizer.name}: tiktoken does not normalize ({kinds})")
    specials = {}
    for token in definition.added:
        if token.single_word or token.lstrip or token.rstrip:
            raise UnsupportedError(
                f"{tokenizer.name}: tiktoken has no single_word, lstrip or rstrip, as "
                f"{token.content!r} has"
            )
        specials[token.content] = token.id
    ordered = sorted(specials)
    for shorter, longer in itertools.pairwise(ordered):
        if longer.startswith(shorter):
            raise UnsupportedError(
                f"{tokenizer.name}: the added token {shorter[:20]!r} begins another, and tiktoken does "
                f"not take the longest"
            )
    ranks = _ranks(tokenizer.name, model, frozenset(specials.values()))
    return tiktoken.Encoding(
        tokenizer.name, pat_str=pattern, mergeable_ranks=ranks, special_tokens=specials
    )


def from_tokenizers(library: Any, name: str = "tokenizers") -> Tokenizer:
    """Take over a `tokenizers.Tokenizer`.

    Args:
        library: the object.
        name: for the tokenizer.

    Returns:
        A tokenizer with the same ids.

    Raises:
        FormatError, UnsupportedError: as for a tokenizer.json.
    """
    return Tokenizer(_from_backend(library, name, {}))


def from_transformers(library: Any) -> Tokenizer:
    """Take over a fast tokenizer of `transformers`.

    Args:
        library: a `PreTrainedTokenizerFast`.

    Returns:
        A tokenizer with the same ids, special tokens and chat template.

    Raises:
        UnsupportedError: a slow tokenizer, which has no tokenizer.json.
    """
    backend = getattr(library, "backend_tokenizer", None)
    if backend is None:
        raise UnsupportedError(
            f"{type(library).__name__} is not a fast tokenizer; load it with use_fast=True"
        )
    config: dict[str, Any] = {role: getattr(library, role, None) for role in ROLES}
    config = {role: str(token) for role, token in config.items() if token is not None}
    if template := getattr(library, "chat_template", None):
        config["chat_template"] = template
    name = Path(str(getattr(library, "name_or_path", ""))).name or type(library).__name__
    return Tokenizer(_from_backend(backend, name, config))


def to_transformers(tokenizer: Tokenizer) -> Any:
    """Make a `PreTrainedTokenizerFast` with the same ids, special tokens and chat template.

    Args:
        tokenizer: that tokenizer.json can express.

    Returns:
        The object.

    Raises:
        UnsupportedError: tokenizer.json cannot say this tokenizer.
        MissingExtraError: transformers is not installed.
    """
    try:
        import tokenizers
        from transformers import PreTrainedTokenizerFast
    except ImportError:
        raise MissingExtraError("this needs: pip install 'tokenworks[hf]'") from None
    from tokenworks.tokenizer.writers.huggingface import render

    backend = tokenizers.Tokenizer.from_str(render(tokenizer.definition)["tokenizer.json"].decode())
    definition = tokenizer.definition
    roles = {
        f"{role}_token": tokenizer.token_bytes(number).decode("utf-8", "replace")
        for role in ("bos", "eos", "pad")
        if (number := getattr(definition, f"{role}_id")) is not None
    }
    library: Any = PreTrainedTokenizerFast(tokenizer_object=backend, **roles)  # type: ignore[no-untyped-call]
    if definition.chat_template is not None:
        library.chat_template = definition.chat_template
    return library


def _from_backend(library: Any, name: str, config: dict[str, Any]) -> Definition:
    path = Path(name)
    document = parse_json(path, library.to_str().encode())
    files = {"tokenizer_config.json": config} if config else {}
    return read_document(path, document, Companions(files))


def _ranks(name: str, model: Bpe, specials: frozenset[int]) -> dict[bytes, int]:
    """Ranks equal to the merges, or a refusal."""
    numbers = model.ids.tolist()
    order = [
        place
        for place in np.argsort(model.ids, kind="stable").tolist()
        if numbers[place] not in specials and numbers[place] not in model.outside_map
    ]
    pieces = [model.pieces[place] for place in order]
    for byte in range(256):
        if bytes((byte,)) not in set(pieces[:1024]) and bytes((byte,)) not in set(pieces):
            raise UnsupportedError(
                f"{name}: no token for the byte 0x{byte:02X}, which tiktoken needs"
            )
    found = recover_merges(pieces)
    place_of = {place: index for index, place in enumerate(order)}
    ours = [(place_of.get(a), place_of.get(b)) for a, b in model.merges.tolist()]
    if ours != [tuple(pair) for pair in found.tolist()]:
        raise UnsupportedError(
            f"{name}: its merges are not those that the order of its ids implies, which is all that "
            f"tiktoken goes by"
        )
    if not model.ignore_merges and len(found) != len(pieces) - 256:
        raise UnsupportedError(
            f"{name}: {len(pieces) - 256 - len(found)} tokens that merging does not reach, which "
            f"tiktoken would use all the same"
        )
    return {piece: numbers[place] for piece, place in zip(pieces, order, strict=True)}
