"""A definition as compact bytes: the form in which tokenizers are embedded in the package.

A BPE vocabulary is mostly its merges: the pieces that merging makes are not stored but joined again
while reading. Layout, before zstd: magic, length of the header (uint32), the header (JSON), and the
arrays that it lists, each split into planes of equal byte significance, which compress better.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError
from tokenworks.tokenizer.definition import (
    AddedToken,
    Bpe,
    Definition,
    Origin,
    Unigram,
    WordPiece,
)

_MAGIC = b"TWTOK1\n\0"
_STEPS = ("normalizer", "pretokenizer", "postprocessor", "decoder")
_PLAIN = ("name", "bos_id", "eos_id", "pad_id", "add_bos", "add_eos", "chat_template")
_SETS = ("user_defined", "unused", "outside_map")
_FLAGS = ("special", "single_word", "lstrip", "rstrip", "normalized")
_MAX_BYTES = 1 << 28


def pack(definition: Definition, source: dict[str, Any]) -> bytes:
    """Write a definition.

    Args:
        definition: to write; of its origin only the format is kept.
        source: where it comes from (file, sha256, licence), kept for `Origin.extra`.

    Returns:
        The compressed bytes; the same for the same definition.
    """
    import zstandard

    model = definition.model
    arrays: dict[str, NDArray[Any]] = {"ids": _steps_between(model.ids)}
    scalars: dict[str, Any] = {"kind": type(model).__name__}
    made = np.zeros(0, np.int64)
    for name, value in vars_of(model).items():
        if name in ("pieces", "ids", "merges", "scores", "merge_ranks") or name in _SETS:
            continue
        scalars[name] = value
    for name in _SETS:
        if chosen := getattr(model, name, None):
            arrays[name] = np.array(sorted(chosen), np.uint32)
    if isinstance(model, Bpe):
        made, merges = _products(model), model.merges
        arrays["left"], arrays["right"] = merges[:, 0].copy(), merges[:, 1].copy()
        arrays["made"] = _steps_between(made)
        if model.merge_ranks is not None:
            arrays["merge_ranks"] = _steps_between(model.merge_ranks)
    if isinstance(model, Unigram):
        arrays["scores"] = model.scores
    known = set(made.tolist())
    roots = [piece for place, piece in enumerate(model.pieces) if place not in known]
    arrays["root_lengths"] = np.array([len(piece) for piece in roots], np.uint32)
    arrays["roots"] = np.frombuffer(b"".join(roots), np.uint8)
    header = {
        **{name: getattr(definition, name) for name in _PLAIN},
        **{name: getattr(definition, name) for name in _STEPS},
        "added": [[t.id, t.content, [getattr(t, f) for f in _FLAGS]] for t in definition.added],
        "format": definition.origin.format,
        "source": source,
        "model": scalars,
        "arrays": [[name, array.dtype.str, len(array)] for name, array in arrays.items()],
    }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    body = b"".join(_planes(array) for array in arrays.values())
    plain = _MAGIC + len(text).to_bytes(4, "little") + text + body
    return zstandard.ZstdCompressor(level=22, write_checksum=True).compress(plain)


def unpack(data: bytes, what: str) -> Definition:
    """Read a definition that `pack` wrote.

    Args:
        data: the compressed bytes.
        what: named in messages.

    Returns:
        The definition, with `source` as `origin.extra`.

    Raises:
        FormatError: damaged or not of this form.
    """
    import zstandard

    try:
        plain = zstandard.ZstdDecompressor().decompress(data, max_output_size=_MAX_BYTES)
        if not plain.startswith(_MAGIC):
            raise ValueError("another magic number")
        start = len(_MAGIC) + 4
        end = start + int.from_bytes(plain[len(_MAGIC) : start], "little")
        header = json.loads(plain[start:end])
        arrays = {}
        for name, kind, count in header["arrays"]:
            dtype = np.dtype(kind)
            arrays[name] = _from_planes(plain[end : end + count * dtype.itemsize], dtype, count)
            end += count * dtype.itemsize
        return _definition(header, arrays)
    except (zstandard.ZstdError, ValueError, KeyError, TypeError, IndexError) as error:
        raise FormatError(f"{what}: damaged embedded tokenizer: {error}") from None


def vars_of(model: Bpe | Unigram | WordPiece) -> dict[str, Any]:
    """The fields of a model, not copied."""
    return {name: getattr(model, name) for name in type(model).__dataclass_fields__}


def _definition(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Definition:
    scalars = header["model"]
    kind = {"Bpe": Bpe, "Unigram": Unigram, "WordPiece": WordPiece}[scalars.pop("kind")]
    ids = np.cumsum(arrays["ids"], dtype=np.int64).astype(np.uint32)
    fields: dict[str, Any] = dict(scalars)
    fields |= {name: frozenset(arrays[name].tolist()) for name in _SETS if name in arrays}
    made = np.zeros(0, np.int64)
    merges = np.zeros((0, 2), np.uint32)
    if kind is Bpe:
        merges = np.stack([arrays["left"], arrays["right"]], axis=1)
        made = np.cumsum(arrays["made"], dtype=np.int64)
        fields["merges"] = merges
        if "merge_ranks" in arrays:
            fields["merge_ranks"] = np.cumsum(arrays["merge_ranks"]).astype(np.uint32)
    if kind is Unigram:
        fields["scores"] = arrays["scores"]
    pieces = _pieces(len(ids), arrays, merges, made, scalars.get("continuing_subword_prefix", ""))
    source = {**header["source"], "embedded": True}
    rest: dict[str, Any] = {name: header[name] for name in _PLAIN}
    rest |= {name: tuple(header[name]) for name in _STEPS}
    return Definition(
        model=kind(pieces=pieces, ids=ids, **fields),
        added=tuple(
            AddedToken(number, content, **dict(zip(_FLAGS, flags, strict=True)))
            for number, content, flags in header["added"]
        ),
        origin=Origin(header["format"], None, source),
        **rest,
    )


def _pieces(
    count: int,
    arrays: dict[str, NDArray[Any]],
    merges: NDArray[np.uint32],
    made: NDArray[np.int64],
    prefix: str,
) -> tuple[bytes, ...]:
    pieces = [b""] * count
    roots = arrays["roots"].tobytes()
    ends = np.cumsum(arrays["root_lengths"], dtype=np.int64).tolist()
    places = np.ones(count, bool)
    places[made[made >= 0]] = False
    begin = 0
    for place, end in zip(np.flatnonzero(places).tolist(), ends, strict=True):
        pieces[place] = roots[begin:end]
        begin = end
    skip = len(prefix.encode())
    numbers = made.tolist()
    lefts, rights = merges[:, 0].tolist(), merges[:, 1].tolist()
    if skip == 0 and (
        not numbers or min(numbers) >= 0
    ):  # the usual case, without a check per merge
        for place, left, right in zip(numbers, lefts, rights, strict=True):
            pieces[place] = pieces[left] + pieces[right]
    else:
        for place, left, right in zip(numbers, lefts, rights, strict=True):
            if place >= 0:
                pieces[place] = pieces[left] + pieces[right][skip:]
    return tuple(pieces)


def _products(model: Bpe) -> NDArray[np.int64]:
    """For each merge, the piece that reading can make by it, or -1 (already made, or too early)."""
    place = {piece: number for number, piece in enumerate(model.pieces)}
    hidden = model.outside_map
    numbers = model.ids.tolist()
    place |= {p: i for i, p in enumerate(model.pieces) if numbers[i] not in hidden}
    skip = len(model.continuing_subword_prefix.encode())
    pairs = model.merges.tolist()
    results = [place[model.pieces[a] + model.pieces[b][skip:]] for a, b in pairs]
    first: dict[int, int] = {}
    for rank, result in enumerate(results):
        first.setdefault(result, rank)
    made = np.full(len(pairs), -1, np.int64)
    for rank, ((left, right), result) in enumerate(zip(pairs, results, strict=True)):
        if first[result] == rank and first.get(left, -1) < rank and first.get(right, -1) < rank:
            # Parts that come later than this merge were themselves left as roots.
            made[rank] = result
    return made


def _steps_between(values: NDArray[Any]) -> NDArray[np.int32]:
    wide = values.astype(np.int64)
    return np.diff(wide, prepend=np.int64(0)).astype(np.int32)


def _planes(array: NDArray[Any]) -> bytes:
    little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))
    return little.view(np.uint8).reshape(len(array), -1).T.tobytes() if len(array) else b""


def _from_planes(data: bytes, dtype: Any, count: int) -> NDArray[Any]:
    planes = np.frombuffer(data, np.uint8).reshape(dtype.itemsize, count)
    joined: NDArray[Any] = np.ascontiguousarray(planes.T).view(dtype).reshape(count)
    return joined
