"""Writing a tokenizer that was made from another one: a whole folder, read back before it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenworks.errors import UnsupportedError
from tokenworks.files import atomic_folder, hashes_of, write_bytes, write_manifest
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import Bpe, Unigram
from tokenworks.tokenizer.writers.write import render
from tokenworks.workflows.corpus_hashes import corpus_hashes
from tokenworks.workflows.verify import verify
from tokenworks.workflows.verify.subjects import Aspect


def write_grown(
    tokenizer: Tokenizer,
    base: Tokenizer,
    out: str | Path,
    *,
    said: Mapping[str, Any],
    files: Mapping[str, bytes] | None = None,
    corpus: Sequence[str | Path] = (),
    budget: int = 300_000,
    seed: int = 0,
    overwrite: bool = False,
    command: list[str] | None = None,
) -> tuple[str, ...]:
    """Write the folder that `transformers` opens, after reading it back and comparing texts.

    What was a SentencePiece model and cannot be said in tokenizer.json exactly (the two libraries
    differ over Unigram) is written as tokenizer.model instead; the manifest names the format.

    Args:
        tokenizer: the new one.
        base: the one it was made from, for the manifest.
        out: the folder.
        said: further entries of the manifest.
        files: further files.
        corpus: what it was made for; the manifest has its hashes.
        budget: bytes of generated text to compare.
        seed: of the generator.
        overwrite: replace a folder that holds something.
        command: for the manifest.

    Returns:
        The paths of the files.

    Raises:
        UnsupportedError: no such format can say the tokenizer exactly; nothing is written.
        OptionError: the folder holds something.
        WriteError: writing failed.
    """
    path = base.definition.origin.path
    own = [path] if path is not None and Path(path).exists() else []
    source = {"name": base.name, "sha256": base.sha256, "tokens": base.n_tokens}
    formats = ["huggingface"]
    if base.definition.origin.format == "sentencepiece":
        formats.append("sentencepiece")
    with atomic_folder(out, overwrite=overwrite) as folder:
        format = _write_exact(tokenizer, folder, formats, budget, seed)
        for name, data in (files or {}).items():
            write_bytes(folder / name, data)
        write_manifest(
            folder,
            inputs=hashes_of(own) | corpus_hashes(corpus),
            seed=seed,
            command=command,
            extra={"base": source, "sha256": tokenizer.sha256, "format": format, **said},
        )
        names = sorted(file.name for file in folder.iterdir())
    return tuple(str(Path(out) / name) for name in names)


def _write_exact(
    tokenizer: Tokenizer, folder: Path, formats: list[str], budget: int, seed: int
) -> str:
    """Write the first format that says the tokenizer exactly, and name it."""
    refused: UnsupportedError | None = None
    for format in formats:
        try:
            rendered = render(tokenizer.definition, format)
        except UnsupportedError as error:
            refused = refused or error
            continue
        written = [folder / (name or "tokenizer.model") for name in rendered]
        for file, data in zip(written, rendered.values(), strict=True):
            write_bytes(file, data)
        again = Tokenizer.load(folder if format == "huggingface" else written[0])
        aspects = _aspects(tokenizer, format)
        result = verify(tokenizer, again, budget=budget, seed=seed, mode="ids", aspects=aspects)
        found = result.counterexample
        if found is None:
            return format
        refused = refused or UnsupportedError(
            f"{tokenizer.name} cannot be said in tokenizer.json exactly: the text {found.text!r} is "
            "encoded or decoded differently after reading it back; nothing was written"
        )
        for file in written:
            file.unlink()
    assert refused is not None
    raise refused


def _aspects(tokenizer: Tokenizer, format: str) -> tuple[Aspect, ...]:
    """The uses that a format has; see `convert`."""
    if format == "sentencepiece":
        return ("text", "allow")
    if isinstance(tokenizer.definition.model, Unigram):
        return ("allow", "template")
    return ("text", "allow", "template")


def require_bpe(tokenizer: Tokenizer, verb: str) -> Bpe:
    """The model, if it has merges.

    Raises:
        UnsupportedError: another kind of model, or a BPE without merges.
    """
    model = tokenizer.definition.model
    if not isinstance(model, Bpe):
        raise UnsupportedError(
            f"{tokenizer.name} is a {type(model).__name__} model, which has no merges; {verb} is "
            f"exact for byte pair encoding{' and Unigram' if verb == 'prune' else ''} only"
        )
    if not len(model.merges):
        raise UnsupportedError(
            f"{tokenizer.name} has no merges, so {verb} has nothing to start from"
        )
    return model
