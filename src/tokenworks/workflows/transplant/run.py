"""The whole of a transplant: check, make the rows, write the folder, read it back and compare."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError, OptionError
from tokenworks.lm.loading import model_folder
from tokenworks.registry import resolve
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings
from tokenworks.transplant.initialization import Given, Report
from tokenworks.workflows.transplant.carry_out import Order, carry_out
from tokenworks.workflows.transplant.encoder import sentence_encoder
from tokenworks.workflows.transplant.healing import check_healing
from tokenworks.workflows.transplant.material import read_dictionary, read_parallel, read_texts
from tokenworks.workflows.transplant.result import TransplantResult
from tokenworks.workflows.transplant.roles import with_ends
from tokenworks.workflows.transplant.subject import Subject, refuse_not_finite, subject

HYPERNETWORK = "hypernetwork"  # the folder in that of a model which holds its own
Told = Callable[[str, int, int], None]


def transplant(
    model: str | os.PathLike[str],
    tokenizer: Tokenizer | str | os.PathLike[str],
    *,
    out: str | os.PathLike[str],
    method: str = "fvt",
    donor: str | os.PathLike[str] | None = None,
    on: Sequence[str] | str = (),
    old_on: Sequence[str] | str = (),
    parallel: tuple[str, str] | None = None,
    dictionary: str | None = None,
    encoder: str | os.PathLike[str] | None = None,
    hypernetwork: str | os.PathLike[str] | None = None,
    field: str = "text",
    options: Mapping[str, Any] | None = None,
    score: bool = True,
    heal: int = 0,
    heal_all: bool = False,
    memory: int = 1 << 30,
    seed: int = 0,
    offline: bool = False,
    overwrite: bool = False,
    told: Told = lambda what, done, of: None,
    command: list[str] | None = None,
) -> TransplantResult:
    """Give a model another vocabulary.

    Args:
        model: a folder with safetensors, or `hf://org/name`.
        tokenizer: the new one.
        out: the folder to write: the model, its tokenizer, rows.json and manifest.json.
        method: an initializer of the family `transplant`.
        donor: a model that has the new tokenizer, for `omp`.
        on: text in the language of the new tokenizer, for methods that need it and for scoring (a
            twentieth is held out).
        old_on: text in the language of the model, for methods that map languages.
        parallel: two files with translated sentences, line by line: the model's language, the new one.
        dictionary: a file of word pairs with a tab between them, in the same order.
        encoder: a sentence-embedding model, for `token-adapt`.
        hypernetwork: for `zett`, trained for this model; the folder `hypernetwork` in that of the model
            where it is left out.
        field: where records of a corpus hold their text.
        options: of the method.
        heal: steps of training afterwards, on the texts of `on` that are not held out.
        heal_all: train the whole model instead of the token matrices alone.
        score: run both models; where it is left out only rows are compared.
        memory: bytes that a method may use for its work.
        seed: of random rows.
        offline: refuse the network.
        overwrite: replace a folder that holds something.
        told: hears what is done, of how much.
        command: for the manifest.

    Returns:
        What was done and checked. The folder is written even where a check fails.

    Raises:
        FormatError, UnsupportedError: the model cannot be transplanted; the message says why.
        OptionError: a method that is given too little, or an option that it does not have.
        WriteError: writing failed; nothing is left behind.
    """
    begun = time.perf_counter()
    new = tokenizer if isinstance(tokenizer, Tokenizer) else _load(tokenizer, offline)
    one = subject(model, offline=offline)
    new = with_ends(new, one.notes)
    if Path(out).resolve() == one.folder.resolve():
        raise OptionError(f"{out} is the model itself; name another folder")
    if heal and not one.generates:
        raise OptionError(f"{model}: only causal language models are healed")
    chosen, initialize = _method(method, options or {})
    maker = _hypernetwork(hypernetwork, one, initialize, offline)
    told("reading the matrices", 0, 1)
    refuse_not_finite(one)
    other = None if donor is None else _donor(donor, new, offline)
    texts = read_texts([on] if isinstance(on, str) else list(on), field)
    if heal:
        check_healing(heal, texts.given, new)
    old_texts = read_texts([old_on] if isinstance(old_on, str) else list(old_on), field).given
    given = Given(
        seed=seed,
        donor=None if other is None else other.embeddings(),
        texts=texts.given,
        old_texts=old_texts,
        parallel=read_parallel(parallel),
        dictionary=read_dictionary(dictionary),
        encoder=None if encoder is None else sentence_encoder(encoder, offline=offline),
        hypernetwork=None if maker is None else _open(maker),
        memory=memory,
        told=told,
    )
    order = Order(
        one=one,
        new=new,
        out=Path(out),
        plan=_plan(one, new, other, method, options or {}, seed, given, encoder, maker),
        method=method,
        options=dict(options or {}) | ({} if maker is None else {"hypernetwork": str(maker)}),
        donor=None if donor is None else str(donor),
        texts=texts,
        score=score,
        heal=heal,
        heal_all=heal_all,
        seed=seed,
        overwrite=overwrite,
        told=told,
        command=command,
        begun=begun,
    )

    def make(work: Path) -> tuple[Embeddings, Report]:
        with_work = replace(given, workspace=work)
        found: tuple[Embeddings, Report] = initialize(
            one.tokenizer, new, one.embeddings(), with_work, **chosen
        )
        return found

    return carry_out(order, make)


def _load(name: str | os.PathLike[str], offline: bool) -> Tokenizer:
    return Tokenizer.load(name, offline=offline)


def _method(name: str, options: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    item = resolve(name, "transplant")
    info = item.method_info
    if "initializer" not in info.declares:
        raise OptionError(f"{name} is no initializer; it changes a model in another way")
    known = [
        one for one in inspect.signature(item).parameters.values() if one.kind == one.KEYWORD_ONLY
    ]
    names = {one.name: one for one in known}
    chosen = {}
    for key, value in options.items():
        if key not in names:
            allowed = ", ".join(names) or "none"
            raise OptionError(f"{name} has no option {key!r}; its options: {allowed}")
        kind = type(names[key].default)
        try:
            chosen[key] = kind(value)
        except (TypeError, ValueError):
            raise OptionError(f"{key} is {value!r}; expected {kind.__name__}") from None
    return chosen, item


def _hypernetwork(
    given: str | os.PathLike[str] | None, one: Subject, initialize: Any, offline: bool
) -> Path | None:
    """The folder of the hypernetwork, where the method uses one: that given, else the model's own."""
    if "needs-hypernetwork" not in initialize.method_info.declares:
        return None
    if given is not None:
        return model_folder(given, offline=offline)
    own = one.folder / HYPERNETWORK
    return own if own.is_dir() else None


def _open(folder: Path) -> Any:
    from tokenworks.transplant.hypernetwork_folder import load_hypernetwork

    return load_hypernetwork(folder)


def _donor(donor: str | os.PathLike[str], new: Tokenizer, offline: bool) -> Subject:
    other = subject(donor, offline=offline)
    if other.tokenizer != new:
        theirs, ours = other.tokenizer, new
        same = theirs.max_id_plus_one == ours.max_id_plus_one and all(
            theirs.token_bytes(number) == ours.token_bytes(number)
            for number in ours.definition.model.ids.tolist()
        )
        if not same:
            raise FormatError(
                f"{donor}: the donor's tokenizer has other ids than {new.name}; give a donor that was "
                "trained with the new tokenizer"
            )
    refuse_not_finite(other)
    return other


def _plan(
    one: Subject,
    new: Tokenizer,
    other: Subject | None,
    method: str,
    options: Mapping[str, Any],
    seed: int,
    given: Given,
    encoder: str | os.PathLike[str] | None,
    maker: Path | None,
) -> dict[str, Any]:
    """What determines the result: an interrupted run goes on only if all of it is the same."""

    def stamps(files: Iterable[Path]) -> list[list[Any]]:
        return [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]

    def weights(of: Subject) -> list[list[Any]]:
        return stamps(of.weights.files)

    return {
        "model": [str(one.folder.resolve()), weights(one), one.tokenizer.sha256],
        "tokenizer": new.sha256,
        "donor": None if other is None else [str(other.folder.resolve()), weights(other)],
        "method": method,
        "encoder": None if encoder is None else str(encoder),
        "hypernetwork": None
        if maker is None
        else [str(maker.resolve()), stamps(sorted(maker.glob("*.safetensors")))],
        "options": {key: str(value) for key, value in options.items()},
        "seed": seed,
        "texts": _digest(given),
        "memory": given.memory,
    }


def _digest(given: Given) -> str:
    """Of all that the method reads."""
    found = blake2b(digest_size=16)
    pairs = [*given.parallel, *given.dictionary]
    for text in (
        *given.texts,
        "|",
        *given.old_texts,
        "|",
        *(one for pair in pairs for one in pair),
    ):
        data = text.encode("utf-8", "surrogatepass")
        found.update(len(data).to_bytes(8, "little") + data)
    return found.hexdigest()
