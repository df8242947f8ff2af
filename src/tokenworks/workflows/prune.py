"""`prune`: a smaller vocabulary that encodes the same texts the same.

The law: *a pretoken whose old encoding holds no dropped token is encoded just the same, ids
renumbered.* The pieces that stay hold the parts of each of them, so every merge of the old encoding
stays too; the merges left are some of the old ones in the old order, and whatever was the best merge
among all is the best among fewer. In the end no old merge applies, so none of those left does. The
parts of a superword of a second phase are the two tokens that it is joined from. In a Unigram model the
best of all segmentations stays the best of those that are left; the pieces of highest and lowest score
stay, from which it reckons what unknown characters cost. A WordPiece model has no such law: a word that
was unknown may be found once a longer match is gone.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.files import write_bytes
from tokenworks.lm.loading import model_folder
from tokenworks.text import documents, not_empty
from tokenworks.text.grouping import grouped
from tokenworks.text.hostile import hostile_texts
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import Bpe, Unigram
from tokenworks.tokenizer.json_layout import Layout, json_text
from tokenworks.tokenizer.piece_ids import id_map, renumbered
from tokenworks.tokenizer.prune_plan import Limits, plan
from tokenworks.workflows.extension_proof import BrokenLawError
from tokenworks.workflows.grown_folder import require_bpe, write_grown
from tokenworks.workflows.piece_scripts import (
    outside_scripts,
    script_names,
    scripts_of_languages,
)
from tokenworks.workflows.single_pass import part_of, with_single_pass
from tokenworks.workflows.transplant.inherit import inherit
from tokenworks.workflows.transplant.result import TransplantResult

_BATCH = 4 << 20  # characters encoded at a time
_PART = 8 << 10  # bytes of plain files: one dropped token does not make a whole book another text
_GENERATED = 200_000  # bytes of generated text


@dataclass(frozen=True, slots=True)
class Comparison:
    """The old encoding against the new one; a document without a dropped token is always the same."""

    documents: int
    unchanged: int
    changed: int
    tokens_before: int
    tokens_after: int
    dropped_tokens: int  # occurrences in the old encodings

    def to_json(self) -> dict[str, Any]:
        """The figures as plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PruneResult:
    """The smaller tokenizer, and the evidence."""

    tokenizer: Tokenizer
    base: str
    tokens_before: int
    tokens_after: int
    scripts: tuple[str, ...]  # empty: all
    id_map: NDArray[np.int64]  # [old highest id + 1], new id or -1
    on_corpus: Comparison | None
    on_generated: Comparison
    files: tuple[str, ...]
    model: TransplantResult | None = None  # where a model was pruned along

    def to_json(self) -> dict[str, Any]:
        """The result as plain data, the map apart."""
        return {
            "base": self.base,
            "tokens_before": self.tokens_before,
            "tokens_after": self.tokens_after,
            "scripts": list(self.scripts),
            "on_corpus": self.on_corpus.to_json() if self.on_corpus else None,
            "on_generated": self.on_generated.to_json(),
            "sha256": self.tokenizer.sha256,
            "files": list(self.files),
            "model": self.model.to_json() if self.model else None,
        }


def prune(
    base: Tokenizer | str | Path,
    on: str | Path | Sequence[str | Path] = (),
    size: int | None = None,
    out: str | Path | None = None,
    *,
    model: bool = False,
    min_count: int = 0,
    keep_scripts: Sequence[str] = (),
    keep_languages: Sequence[str] = (),
    field: str = "text",
    seed: int = 0,
    overwrite: bool = False,
    command: list[str] | None = None,
) -> PruneResult:
    """Drop the least used tokens; special tokens, the alphabet and parts of kept pieces stay.

    Args:
        base: a byte pair encoding or Unigram tokenizer, or its name or path.
        on: the corpus that says what is used; it is read twice.
        size: how many tokens stay, special ones among them.
        out: the folder to write; nothing is written where it is left out.
        model: `base` is a model folder; write the model with the rows of the tokens that stay.
        min_count: tokens used less often go.
        keep_scripts: pieces with characters of other Unicode scripts go; what several scripts share
            (digits, punctuation, emoji) stays.
        keep_languages: the same, with the scripts of these languages.
        field: where records of the corpus hold their text.
        seed: of the generated texts that are compared.
        overwrite: replace what the folder holds.
        command: for the manifest; the arguments of this process where it is left out.

    Returns:
        The new tokenizer, the map of ids, and what changes on the corpus.

    Raises:
        UnsupportedError: the model is WordPiece, or has nothing to drop.
        OptionError: nothing to go by, or a size that cannot be.
        FormatError: the corpus holds no text.
    """
    folder = None if isinstance(base, Tokenizer) else str(base)
    if model and (folder is None or out is None):
        raise OptionError("to prune a model, name its folder as the base, and a folder to write")
    if model and folder is not None:  # also the name of a reference model
        folder = str(model_folder(folder))
    old = base if isinstance(base, Tokenizer) else Tokenizer.load(folder or "")
    pieces = _prunable(old)
    paths = [on] if isinstance(on, str | Path) else list(on)
    _check(old, paths, size, min_count, bool(keep_scripts or keep_languages))
    scripts = tuple(
        dict.fromkeys([*script_names(keep_scripts), *scripts_of_languages(keep_languages)])
    )
    used = np.zeros(old.max_id_plus_one, np.int64)
    for ids, _ in _encoded(old, _texts(paths, field)) if paths else ():
        used += np.bincount(ids, minlength=len(used))
    uses = used[pieces.ids]
    number_of_pieces = set(pieces.ids.tolist())
    apart = sum(token.id not in number_of_pieces for token in old.definition.added)
    unwanted = outside_scripts(pieces.pieces, scripts, uses) if scripts else None
    kept = plan(old.definition, uses, Limits(size, min_count, apart), unwanted)
    new_ids = id_map(old.definition, kept)
    new = Tokenizer.from_definition(renumbered(old.definition, kept, new_ids))
    generated = compare(
        old, new, new_ids, (one.text for one in hostile_texts(seed=seed, budget=_GENERATED))
    )
    corpus = compare(old, new, new_ids, _texts(paths, field)) if paths else None
    if new.definition.two_phase is not None:
        texts = _texts(paths, field) if paths else (one.text for one in hostile_texts(seed=seed))
        new = with_single_pass(
            new, list(part_of(texts)), "the corpus" if paths else "generated texts"
        )
    files: tuple[str, ...] = ()
    carried: TransplantResult | None = None
    if out is not None and model:
        assert folder is not None
        carried = inherit(
            folder,
            old,
            new,
            new_ids,
            out=out,
            on=[str(path) for path in paths],
            field=field,
            seed=seed,
            overwrite=overwrite,
            command=command,
        )
        for name, data in _map_files(old, new, new_ids).items():
            write_bytes(Path(out) / name, data)
        files = tuple(sorted(str(file) for file in Path(out).iterdir()))
    elif out is not None:
        said = {
            "scripts": list(scripts),
            "on_corpus": corpus.to_json() if corpus else None,
            "on_generated": generated.to_json(),
        }
        files = write_grown(
            new,
            old,
            out,
            said=said,
            files=_map_files(old, new, new_ids),
            corpus=paths,
            seed=seed,
            overwrite=overwrite,
            command=command,
        )
    return PruneResult(
        tokenizer=new,
        base=old.name,
        tokens_before=old.n_tokens,
        tokens_after=new.n_tokens,
        scripts=scripts,
        id_map=new_ids,
        on_corpus=corpus,
        on_generated=generated,
        files=files,
        model=carried,
    )


def _prunable(tokenizer: Tokenizer) -> Bpe | Unigram:
    model = tokenizer.definition.model
    return model if isinstance(model, Unigram) else require_bpe(tokenizer, "prune")


def _check(
    tokenizer: Tokenizer, paths: list[str | Path], size: int | None, min_count: int, scripts: bool
) -> None:
    if size is None and min_count == 0 and not scripts:
        raise OptionError(
            "nothing says what to drop: give a size, min_count, keep_scripts or keep_languages"
        )
    if (size is not None or min_count) and not paths:
        raise OptionError("size and min_count need a corpus (on) that says which tokens are used")
    if min_count < 0:
        raise OptionError(f"min_count is {min_count}; it must not be negative")
    if size is not None and size < 1:
        raise OptionError(f"size is {size}; it must be 1 or more")
    if size is not None and size > tokenizer.n_tokens:
        raise OptionError(f"size is {size}; {tokenizer.name} has {tokenizer.n_tokens} tokens only")
    if "-" in map(str, paths):
        raise OptionError("the corpus is read twice, which standard input cannot be; name a file")


def _texts(paths: list[str | Path], field: str) -> Iterator[str]:
    found = documents(paths, field=field, part_bytes=_PART)
    stream = not_empty(found, ", ".join(map(str, paths)))
    return (document.text for document in stream)


def _encoded(
    tokenizer: Tokenizer, texts: Iterator[str]
) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.uint64]]]:
    for batch in grouped(texts, _BATCH):
        yield tokenizer.encode_batch(batch, specials="text")


def compare(
    old: Tokenizer, new: Tokenizer, new_ids: NDArray[np.int64], texts: Iterator[str]
) -> Comparison:
    """Encode texts with both and hold them to the law.

    Args:
        old: the base.
        new: the pruned tokenizer.
        new_ids: new ids by old ones, -1 for dropped ones.
        texts: to compare.

    Raises:
        BrokenLawError: a text without a dropped token is encoded differently, or a text no longer
            decodes to the same bytes.
    """
    lossless = getattr(old.definition.model, "byte_level", False)
    total = unchanged = before = after = lost = 0
    for batch in grouped(texts, _BATCH):
        one, starts = old.encode_batch(batch, specials="text")
        two, ends = new.encode_batch(batch, specials="text")
        expected = new_ids[one]
        before, after = before + len(one), after + len(two)
        lost += int((expected < 0).sum())
        for index, text in enumerate(batch):
            was = expected[int(starts[index]) : int(starts[index + 1])]
            now = two[int(ends[index]) : int(ends[index + 1])]
            same = np.array_equal(was, now)
            if not same and not (was < 0).any():
                raise BrokenLawError(_broken(f"the text {text[:200]!r} is encoded differently"))
            if not same and lossless and _bytes(old, one, starts, index) != new.decode_bytes(now):
                raise BrokenLawError(_broken(f"the text {text[:200]!r} decodes differently"))
            unchanged += same
            total += 1
    return Comparison(total, unchanged, total - unchanged, before, after, lost)


def _bytes(
    old: Tokenizer, ids: NDArray[np.uint32], starts: NDArray[np.uint64], index: int
) -> bytes:
    return old.decode_bytes(ids[int(starts[index]) : int(starts[index + 1])])


def _broken(what: str) -> str:
    return f"the pruned tokenizer breaks its law: {what}; please report this"


def _map_files(old: Tokenizer, new: Tokenizer, new_ids: NDArray[np.int64]) -> dict[str, bytes]:
    stream = io.BytesIO()
    np.save(stream, new_ids, allow_pickle=False)
    said = {
        "what": "id_map.npy, int64: the new id at the place of each old id, -1 where it is dropped",
        "old": {"name": old.name, "sha256": old.sha256, "ids": len(new_ids)},
        "new": {"name": new.name, "sha256": new.sha256, "ids": new.max_id_plus_one},
        "new_to_old": np.flatnonzero(new_ids >= 0).tolist(),
    }
    return {
        "id_map.npy": stream.getvalue(),
        "id_map.json": json_text(said, Layout(end="\n")).encode(),
    }
