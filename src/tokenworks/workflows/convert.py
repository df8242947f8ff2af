"""`convert`: write a tokenizer in another format, and prove it equal before it is kept."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenworks.errors import OptionError, UnsupportedError, WriteError
from tokenworks.files import MANIFEST, manifest, write_error
from tokenworks.tokenizer.definition import Bpe, Definition, Unigram
from tokenworks.tokenizer.json_layout import Layout, json_text
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.tokenizer.writers.write import FORMATS, place, render, store
from tokenworks.workflows.verify import VerifyResult, verify
from tokenworks.workflows.verify.subjects import Aspect

MOST_PROBES = 20_000


@dataclass(frozen=True, slots=True)
class ConvertResult:
    """What was written, and the proof."""

    source: str
    format: str
    files: tuple[str, ...]
    exact: bool
    verification: VerifyResult
    same_bytes: Mapping[str, bool]  # for files that the source has as well
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The result as plain data."""
        return {
            "source": self.source,
            "format": self.format,
            "files": list(self.files),
            "exact": self.exact,
            "same_bytes": dict(self.same_bytes),
            "notes": list(self.notes),
            "verification": self.verification.to_json(),
        }


class InexactError(UnsupportedError):
    """The format cannot say the tokenizer exactly; `verification` holds the shortest proof."""

    def __init__(self, message: str, verification: VerifyResult) -> None:
        super().__init__(message)
        self.verification = verification


def convert(
    tokenizer: Tokenizer | str | Path,
    to: str,
    out: str | Path,
    *,
    on: Sequence[str | Path] = (),
    budget: int = 2_000_000,
    seed: int = 0,
    inexact: bool = False,
    overwrite: bool = False,
    command: list[str] | None = None,
    **options: Any,
) -> ConvertResult:
    """Write a tokenizer in a format, after reading it back and finding no text that differs.

    Args:
        tokenizer: a `Tokenizer`, or its name or path.
        to: "huggingface", "tiktoken", "sentencepiece" or "gguf".
        out: the folder for "huggingface"; a file, or a folder for the file, for the others.
        on: corpora to prove it on besides generated text.
        budget: bytes of generated text.
        seed: seed of the generator.
        inexact: write even if a text differs; the result and the manifest then say which.
        overwrite: replace files that are there.
        command: for the manifest; the arguments of this process where it is left out.
        options: for the writer of the format (`pre` for gguf).

    Returns:
        The files written, the proof, and whether files of the source came out byte for byte.

    Raises:
        InexactError: a text is encoded differently after writing and reading; shows the shortest.
        UnsupportedError: the format has no words for this tokenizer.
        OptionError: an unknown format, or `out` is taken.
        WriteError: writing failed; nothing half-written is left.
    """
    source = tokenizer if isinstance(tokenizer, Tokenizer) else Tokenizer.load(str(tokenizer))
    if to not in FORMATS:
        raise OptionError(f"to is {to!r}; expected {', '.join(map(repr, FORMATS))}")
    files = render(source.definition, to, **options)
    target = place(Path(out), to)
    named = {
        (target / name if to == "huggingface" else target.with_name(target.name + name)): data
        for name, data in files.items()
    }
    beside = target.with_name(f"{target.name}.{MANIFEST}")
    note = target / MANIFEST if to == "huggingface" else beside
    _refuse_taken(target, [*named, note], to, overwrite)
    result = _prove(source, to, files, on, budget, seed, options)
    found = result.counterexample
    if not result.equal and not inexact:
        raise InexactError(
            f"{source.name} cannot be said in {to} exactly: {_shown(result)}; nothing was written",
            result,
        )
    origin = source.definition.origin
    extra = {
        "source": {"name": source.name, "format": origin.format, "sha256": source.sha256},
        "to": to,
        "exact": result.equal,
        "texts_tried": result.texts,
        "differs_on": found.text if found else None,
    }
    said = manifest(inputs=_inputs(origin.path), seed=seed, command=command, extra=extra)
    store({**named, note: json_text(said, Layout(end="\n")).encode()})
    return ConvertResult(
        source=source.name,
        format=to,
        files=tuple(str(path) for path in [*named, note]),
        exact=result.equal,
        verification=result,
        same_bytes=_same_bytes(source.definition, to, files),
        notes=tuple(_notes(source.definition, to, result)),
    )


def _refuse_taken(target: Path, paths: list[Path], to: str, overwrite: bool) -> None:
    if to == "huggingface" and target.exists() and not target.is_dir():
        raise OptionError(f"{target} is a file; the format 'huggingface' is a folder")
    taken = next((path for path in paths if path.exists()), None)
    if taken is not None and not overwrite:
        raise OptionError(f"{taken} exists; name another place or ask to overwrite it")


def _prove(
    source: Tokenizer,
    to: str,
    files: Mapping[str, bytes],
    on: Sequence[str | Path],
    budget: int,
    seed: int,
    options: Mapping[str, Any],
) -> VerifyResult:
    """Read the rendered files back from a temporary place and compare."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="tokenworks-"))
    except OSError as error:
        raise write_error(Path(tempfile.gettempdir()), error) from error
    try:
        main = folder / ("converted" if to == "huggingface" else f"converted.{_ENDINGS[to]}")
        store(
            {
                (main / name if to == "huggingface" else Path(f"{main}{name}")): data
                for name, data in files.items()
            }
        )
        again = Tokenizer.load(str(main), **options)
        return verify(
            source,
            again,
            on,
            budget=budget,
            seed=seed,
            mode="ids",
            aspects=_aspects(source.definition, to),
            texts=probes(source.definition),
            trained=to in ("huggingface", "gguf"),
        )
    except UnsupportedError as error:
        raise UnsupportedError(
            f"{source.name} cannot be said in {to}: {str(error).replace(str(folder), '')}"
        ) from error
    except OSError as error:
        if isinstance(error, WriteError):
            raise
        raise write_error(folder, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_ENDINGS = {"tiktoken": "tiktoken", "sentencepiece": "model", "gguf": "gguf"}


def _aspects(definition: Definition, to: str) -> tuple[Aspect, ...]:
    """The uses that both formats have.

    In a Hugging Face tokenizer special tokens in a text are never plain text, so a Unigram model may
    keep them among its pieces. SentencePiece knows no template around a text.
    """
    if to == "huggingface" and isinstance(definition.model, Unigram):
        return ("allow", "template")
    if to in ("sentencepiece", "tiktoken"):
        return ("text", "allow")
    return ("text", "allow", "template")


def probes(definition: Definition) -> list[str]:
    """Texts in which two splits of one piece compete, where merges have equal ranks.

    Formats without equal ranks can only differ there: `x y z` with `x + y == y + z`.
    """
    model = definition.model
    if not isinstance(model, Bpe) or model.merge_ranks is None:
        return []
    splits: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for left, right in model.merges.tolist():
        pair = model.pieces[left], model.pieces[right]
        splits.setdefault(pair[0] + pair[1], []).append(pair)
    texts: list[str] = []
    for pairs in splits.values():
        second = {right: left for left, right in pairs}
        for left, right in pairs:
            # right stands second here and first in another split of the same piece
            for first, last in pairs:
                if first == right and (left, right) != (first, last) and right in second:
                    texts.append((left + right + last).decode().replace("▁", " "))
    return texts[:MOST_PROBES]


def _shown(result: VerifyResult) -> str:
    found = result.counterexample
    if found is None:
        return result.sentence()
    one, two = ([segment.id for segment in side] for side in (found.a, found.b))
    cause = f"; the part to blame: {found.cause}" if found.cause else ""
    if found.decoded_a is not None:
        return (
            f"the ids {one} of the text {found.text!r} are decoded to {found.decoded_a!r} before and to "
            f"{found.decoded_b!r} after{cause}"
        )
    return f"the text {found.text!r} ({found.aspect}) becomes {one} before and {two} after{cause}"


def _inputs(path: str | None) -> list[str]:
    return [path] if path is not None and Path(path).exists() else []


def _same_bytes(definition: Definition, to: str, files: Mapping[str, bytes]) -> dict[str, bool]:
    origin = definition.origin
    if origin.format != to or origin.path is None:
        return {}
    path = Path(origin.path)
    same: dict[str, bool] = {}
    for name, data in files.items():
        one = path.with_name(name) if to == "huggingface" else Path(f"{path}{name}")
        if to == "huggingface" and name == "tokenizer.json" and path.is_file():
            one = path
        if one.is_file():
            same[one.name] = one.read_bytes() == data
    return same


def _notes(definition: Definition, to: str, result: VerifyResult) -> list[str]:
    notes = []
    if not result.equal:
        notes.append(f"not exact: {_shown(result)}")
    if definition.chat_template is not None and to in ("tiktoken", "sentencepiece"):
        notes.append(f"the chat template is left out: {to} has no place for one")
    if to == "gguf" and any(step["type"] == "NFC" for step in definition.normalizer):
        notes.append(
            "llama.cpp does not apply the NFC normalization that the pre-tokenizer's name stands for"
        )
    model = definition.model
    if to == "gguf" and isinstance(model, Bpe) and model.byte_level:
        notes.append("the pattern is not in the file: its pre-tokenizer's name stands for it")
    return notes
