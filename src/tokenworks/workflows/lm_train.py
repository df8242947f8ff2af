"""Training a small language model: a corpus, a tokenizer, a size; a folder that transformers opens."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from dataclasses import field as of_class
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError, OptionError
from tokenworks.files import atomic_folder, write_manifest
from tokenworks.lm.loading import require_models, silent, torch_device
from tokenworks.lm.recipe import Recipe
from tokenworks.lm.run import Run
from tokenworks.lm.run_folder import RUN, run_folder
from tokenworks.lm.run_log import Watch, bits_per_byte, last_loss
from tokenworks.lm.sizes import size
from tokenworks.lm.token_file import TokenFile, read_tokens, sequences, write_tokens
from tokenworks.text import Problems, documents, not_empty, sources
from tokenworks.tokenizer import Tokenizer

Corpus = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A trained model and how it came about.

    path: the folder. parameters: in all. loss: nats per token over the last steps of training.
    bits_per_byte: the same per byte of the text trained on; only a lower bound where not exact, since
    the tokens do not give the whole text back. problems: of the corpus.
    """

    path: Path
    size: str
    parameters: int
    recipe: Recipe
    tokens: int
    loss: float
    bits_per_byte: float
    seconds: float
    problems: Problems = of_class(default_factory=Problems)
    exact: bool = True

    def to_json(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "size": self.size,
            "parameters": self.parameters,
            "recipe": asdict(self.recipe),
            "tokens": self.tokens,
            "loss": round(self.loss, 5),
            "bits_per_byte": round(self.bits_per_byte, 5),
            "exact": self.exact,
            "seconds": round(self.seconds, 1),
            "problems": self.problems.to_json(),
        }


def lm_train(
    corpus: Corpus,
    output: str | os.PathLike[str],
    *,
    tokenizer: str | os.PathLike[str] | Tokenizer,
    size_name: str,
    steps: int | None = None,
    batch: int = 16,
    length: int = 256,
    matrix_rate: float = 0.02,
    other_rate: float = 0.003,
    warmup: int = 50,
    cooldown: float = 0.2,
    seed: int = 0,
    bf16: bool | None = None,
    device: str | None = None,
    field: str = "text",
    every: float = 10.0,
    on_moment: Watch | None = None,
    on_bytes: Callable[[int], None] | None = None,
    offline: bool = False,
) -> TrainedModel:
    """Train a causal language model from nothing, or go on where an earlier run of it ended.

    Beside the output stands a folder NAME.training with the ids, the checkpoints and the log; the same
    call goes on from there, with the same losses as if it had not been stopped. With more steps it
    extends the run, with fewer it cools it down; both only before the cooldown has begun.

    Args:
        corpus: files, folders, globs.
        output: the folder to write.
        tokenizer: any of ours, with a special token that separates documents.
        size_name: such as "llama-6m"; see `tokenworks.lm.sizes`.
        steps: in all; one pass over the corpus where left out.
        batch, length, matrix_rate, other_rate, warmup, cooldown, seed: see `Recipe`.
        bf16: compute in bfloat16; where the hardware has it if left out.
        device: "cpu", "cuda", ...; the first GPU where there is one.
        field: of records that holds the text.
        every: seconds between two calls of `on_moment`.
        on_bytes: called with the bytes of text encoded, as they are.
        offline: refuse the network for the tokenizer.

    Raises:
        OptionError: an option out of range, or another run than that of the folder beside.
        UnknownNameError, FormatError, WriteError: of the corpus, the tokenizer and the files.
    """
    chosen = size(size_name)
    target = Path(output)
    folder = run_folder(target)
    if not isinstance(tokenizer, Tokenizer):
        tokenizer = Tokenizer.load(tokenizer, offline=offline)
    separator = separator_of(tokenizer)
    require_models()

    named = [corpus] if isinstance(corpus, str | os.PathLike) else list(corpus)
    problems = Problems()
    with _processes(device) as (where, rank, world):
        if batch % world:
            raise OptionError(f"batch is {batch}; it must be a multiple of the {world} processes")
        begun = time.perf_counter()
        recipe = Recipe(  # before the text is read: it refuses what cannot be
            steps=1 if steps is None else steps,
            batch=batch,
            length=length,
            matrix_rate=matrix_rate,
            other_rate=other_rate,
            warmup=warmup,
            cooldown=cooldown,
            seed=seed,
        )
        file = _tokens(folder, named, tokenizer, separator, field, problems, rank, on_bytes)
        if steps is None:
            steps = max(1, file.tokens // (batch * length))
            recipe = replace(recipe, steps=steps)
        sequences(file, length)  # which refuses too short a text before a run is noted
        run = Run(folder, _hash(named, field), chosen, recipe, file, tokenizer, separator)
        run.agree(rank)
        module = run.train(where, rank, world, bf16, every, on_moment)
        if world > 1:
            _wait()  # the first process writes the log that all read
        last = last_loss(folder)
        result = TrainedModel(
            path=target,
            size=size_name,
            parameters=sum(parameter.numel() for parameter in module.parameters()),
            recipe=recipe,
            tokens=steps * batch * length,
            loss=last,
            bits_per_byte=bits_per_byte(last, file),
            seconds=time.perf_counter() - begun,
            problems=problems,
            exact=file.exact,
        )
        if rank == 0:
            _write(target, module, tokenizer, separator, result, named)
    return result


def separator_of(tokenizer: Tokenizer) -> int:
    """The id between documents: EOS, else BOS, else the only special token.

    Raises:
        OptionError: the tokenizer has none.
    """
    definition = tokenizer.definition
    for id in (definition.eos_id, definition.bos_id, *tokenizer.specials.values()):
        if id is not None:
            return id
    raise OptionError(
        f"{tokenizer.name} has no special token to put between documents; train one with "
        "--special '<|endoftext|>'"
    )


@contextmanager
def _processes(device: str | None) -> Iterator[tuple[Any, int, int]]:
    """The device, rank and world of this process; torchrun's processes find each other."""
    import torch

    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield torch_device(device), 0, 1
        return
    local = int(os.environ["LOCAL_RANK"])
    cuda = device is None and torch.cuda.is_available()
    where = torch_device(f"cuda:{local}" if cuda else device)
    torch.distributed.init_process_group("nccl" if where.type == "cuda" else "gloo")
    try:
        yield where, torch.distributed.get_rank(), world
    finally:
        torch.distributed.destroy_process_group()


def _wait() -> None:
    """Until every process is here."""
    import torch

    torch.distributed.barrier()


def _hash(named: list[Any], field: str) -> str:
    """Of the names and sizes of the files of a corpus, wherever they lie."""
    files = []
    for source in sources(named):
        path = Path(source.path)
        files.append([path.name, path.stat().st_size if path.is_file() else None])
    content = json.dumps([field, sorted(files, key=str)])
    return hashlib.sha256(content.encode("utf-8", "backslashreplace")).hexdigest()


def _tokens(
    folder: Path,
    named: list[Any],
    tokenizer: Tokenizer,
    separator: int,
    field: str,
    problems: Problems,
    rank: int,
    on_bytes: Callable[[int], None] | None,
) -> TokenFile:
    """The ids of the corpus, of an earlier run where there is one; made by the first process."""
    import torch

    path = folder / "tokens.bin"
    # Before a run is noted its ids may be of another corpus: an option was refused, say.
    kept = read_tokens(path, tokenizer) if (folder / RUN).exists() else None
    if kept is None and rank == 0:
        stream = documents(named, field=field, on_problem=problems)
        whole = not_empty(stream, named, problems)
        texts = (one.text for one in whole)
        kept = write_tokens(path, texts, tokenizer, separator, on_bytes)
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        kept = kept or read_tokens(path, tokenizer)
    if kept is None:
        raise FormatError(f"{path}: not there for this process; the folder must be shared")
    return kept


def _write(
    target: Path,
    module: Any,
    tokenizer: Tokenizer,
    separator: int,
    result: TrainedModel,
    named: list[Any],
) -> None:
    definition = tokenizer.definition
    # The model learned what these are, whatever the tokenizer said of them before.
    if definition.bos_id is None or definition.eos_id is None:
        tokenizer = Tokenizer(replace(definition, bos_id=separator, eos_id=separator))
    with atomic_folder(target, overwrite=True) as beside:
        tokenizer.save(beside)
        with silent():
            module.save_pretrained(beside)
        for file in beside.glob("*.safetensors"):  # which safetensors makes private
            file.chmod((beside / "config.json").stat().st_mode)
        files = [Path(name) for name in named if Path(name).is_file()]
        extra = {"training": {**result.to_json(), "seconds": None, "path": None}}
        extra["training"]["tokenizer_sha256"] = tokenizer.sha256
        write_manifest(beside, inputs=files, seed=result.recipe.seed, extra=extra)
