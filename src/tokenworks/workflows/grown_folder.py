"""Writing a tokenizer that was made from another one: a whole folder, read back before it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenworks.errors import UnsupportedError
from tokenworks.files import atomic_folder, write_bytes, write_manifest
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import Bpe, Origin
from tokenworks.tokenizer.writers.write import render
from tokenworks.workflows.verify import verify

# What only the file of the old tokenizer said: of its pieces one by one, or of the file itself.
_OF_THE_FILE = ("scores", "types", "token_type", "entries", "sha256", "source", "embedded")


def inherited(origin: Origin) -> Origin:
    """The origin of a tokenizer with other pieces: the format's ways without the old file's data."""
    extra = {key: value for key, value in origin.extra.items() if key not in _OF_THE_FILE}
    format = "trained" if origin.format == "gguf" else origin.format
    return Origin(format, None, extra)


def write_grown(
    tokenizer: Tokenizer,
    base: Tokenizer,
    out: str | Path,
    *,
    said: Mapping[str, Any],
    files: Mapping[str, bytes] | None = None,
    budget: int = 300_000,
    seed: int = 0,
    overwrite: bool = False,
    command: list[str] | None = None,
) -> tuple[str, ...]:
    """Write the folder that `transformers` opens, after reading it back and comparing texts.

    Args:
        tokenizer: the new one.
        base: the one it was made from, for the manifest.
        out: the folder.
        said: further entries of the manifest.
        files: further files.
        budget: bytes of generated text to compare.
        seed: of the generator.
        overwrite: replace a folder that holds something.
        command: for the manifest.

    Returns:
        The paths of the files.

    Raises:
        UnsupportedError: the format cannot say the tokenizer exactly; nothing is written.
        OptionError: the folder holds something.
        WriteError: writing failed.
    """
    path = base.definition.origin.path
    source = {"name": base.name, "sha256": base.sha256, "tokens": base.n_tokens}
    with atomic_folder(out, overwrite=overwrite) as folder:
        rendered = {**render(tokenizer.definition, "huggingface"), **(files or {})}
        for name, data in rendered.items():
            write_bytes(folder / name, data)
        result = verify(
            tokenizer, Tokenizer.load(folder), budget=budget, seed=seed, mode="ids", trained=True
        )
        if result.counterexample is not None:
            raise UnsupportedError(
                f"{tokenizer.name} cannot be said in tokenizer.json exactly: the text "
                f"{result.counterexample.text!r} is encoded differently after reading it back"
            )
        write_manifest(
            folder,
            inputs=[path] if path is not None and Path(path).exists() else [],
            seed=seed,
            command=command,
            extra={"base": source, "sha256": tokenizer.sha256, **said},
        )
        names = sorted(file.name for file in folder.iterdir())
    return tuple(str(Path(out) / name) for name in names)


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
