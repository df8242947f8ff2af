"""Training a hypernetwork for a model: a model, text, and a folder for `transplant --method zett`."""

from __future__ import annotations

import hashlib
import itertools
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenworks.errors import OptionError
from tokenworks.files import atomic_folder, write_manifest
from tokenworks.lm.checkpoints import Checkpoints
from tokenworks.lm.loading import load
from tokenworks.lm.recipe import Recipe
from tokenworks.lm.run_folder import RUN, agree, go_on, run_folder
from tokenworks.lm.run_log import RunLog, Since, last_loss
from tokenworks.text import documents

if TYPE_CHECKING:
    from tokenworks.lm.model import LanguageModel
    from tokenworks.transplant.hypernetwork import Hypernetwork

MOST_TEXT = 64 << 20  # characters that are read
_CHARACTERS = 6  # of a passage for each of its tokens: most vocabularies fill the length with them
_WARMUP = 100  # steps
_PER_TOKEN = 100  # characters that the substrings of a vocabulary come from, for each of its tokens
_UNTOLD = {
    "model": "its rows or its tokenizer differ",
    "text": "what is read of the corpus differs",
    "shape": "its width or depth differs",
}


@dataclass(frozen=True, slots=True)
class HypernetworkMoment:
    """Where a run is. loss: the mean since the last moment. seconds: of a step. phase: what is learned."""

    step: int
    steps: int
    phase: str
    loss: float
    seconds: float


@dataclass(frozen=True, slots=True)
class TrainedHypernetwork:
    """A trained hypernetwork and how it came about. loss: of the last steps, nats per token."""

    path: Path
    model: str
    parameters: int
    recipe: Recipe
    settings: dict[str, Any]
    loss: float
    seconds: float

    def to_json(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "model": self.model,
            "parameters": self.parameters,
            "recipe": asdict(self.recipe),
            "settings": self.settings,
            "loss": round(self.loss, 5),
            "seconds": round(self.seconds, 1),
        }


def train_hypernetwork(
    model: str | os.PathLike[str],
    corpus: Sequence[str | os.PathLike[str]] | str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    steps: int = 2000,
    warmup: int | None = None,
    batch: int = 16,
    length: int = 128,
    vocab_size: int | None = None,
    superwords: float = 0.3,
    hidden: int | None = None,
    layers: int = 1,
    matrix_rate: float = 0.02,
    other_rate: float = 0.003,
    seed: int = 0,
    bf16: bool | None = None,
    device: str | None = None,
    field: str = "text",
    every: float = 10.0,
    on_moment: Callable[[HypernetworkMoment], None] | None = None,
    offline: bool = False,
) -> TrainedHypernetwork:
    """Train a hypernetwork (arXiv:2405.07883), or go on where an earlier run of it ended.

    Beside the output stands a folder NAME.training with the checkpoints and the log; the same call goes
    on from there, with the same losses as if it had not been stopped.

    Args:
        model: a folder with safetensors, or a reference model; it stays as it is.
        corpus: files, folders, globs; the first 64 Mi characters are read.
        output: the folder to write.
        steps: in all.
        warmup: the first of them, that only learn the model's own rows; 100, at most half.
        batch: passages of a step. length: tokens of a passage.
        vocab_size: of the vocabularies drawn; that of the model where left out.
        superwords: share of those whose tokens may span words.
        hidden: width of the network; that of the model where left out. layers: of it.
        matrix_rate, other_rate, seed: see `Recipe`.
        bf16: compute in bfloat16; where the hardware has it if left out.
        device: "cpu", "cuda", ...; the first GPU where there is one.
        field: of records that holds the text.
        every: seconds between two calls of `on_moment`.
        offline: refuse the network for the model.

    Raises:
        OptionError: an option out of range, or another run than that of the folder beside.
        UnknownNameError, FormatError, WriteError: of the model, the corpus and the files.
    """
    target = Path(output)
    folder = run_folder(target)
    if not 0 <= superwords <= 1:
        raise OptionError(f"superwords is {superwords}; it must be between 0 and 1")
    recipe = Recipe(
        steps=steps,
        batch=batch,
        length=length,
        matrix_rate=matrix_rate,
        other_rate=other_rate,
        seed=seed,
    )
    mimic = min(_WARMUP, steps // 2) if warmup is None else warmup
    if not 0 <= mimic <= steps:
        raise OptionError(f"warmup is {mimic}; it must be between 0 and the {steps} steps")
    begun = time.perf_counter()
    opened = load(model, device=device, offline=offline)
    network = _network(opened, hidden, layers, seed)
    named = [corpus] if isinstance(corpus, str | os.PathLike) else list(corpus)
    text = _text(named, field)
    settings = {
        "model": _fingerprint(opened),
        "text": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        "rows_only": mimic,
        "vocab_size": vocab_size or opened.tokenizer.n_tokens,
        "superwords": superwords,
        "shape": network.shape.config(),
        "recipe": {name: value for name, value in asdict(recipe).items() if name != "steps"},
    }
    loss = _fit(opened, network, text, recipe, settings, folder, bf16, every, on_moment)
    result = TrainedHypernetwork(
        path=target,
        model=opened.name,
        parameters=sum(one.numel() for one in network.parameters()),
        recipe=recipe,
        settings=settings,
        loss=loss,
        seconds=time.perf_counter() - begun,
    )
    _write(target, opened, network, result, named)
    return result


def _network(model: LanguageModel, hidden: int | None, layers: int, seed: int) -> Hypernetwork:
    """A new network for the rows of a model."""
    import torch

    from tokenworks.transplant.hypernetwork import Hypernetwork
    from tokenworks.transplant.hypernetwork_shape import PIECES, Shape
    from tokenworks.transplant.surface_forms import SurfaceForms

    width = int(model.input_embeddings.shape[1])
    inside = width if hidden is None else hidden
    shape = Shape(
        width=width,
        rows=model.rows,
        tied=model.tied,
        hidden=inside,
        inner=2 * inside,
        layers=layers,
        heads=inside // 64 if inside % 64 == 0 else 1,
        extra=SurfaceForms(model.tokenizer, PIECES).extra,
        bias=model.output_bias is not None,
        residual=True,
    )
    torch.manual_seed(seed)
    network = Hypernetwork(shape)
    ends = [model.input_embeddings, model.output_embeddings][: 1 if model.tied else 2]
    used = sorted(model.tokenizer.definition.model.ids.tolist())
    network.measure(torch.cat(ends, dim=1).float().cpu()[used])
    return network.to(model.device)


def _text(named: list[Any], field: str) -> str:
    found: list[str] = []
    size = 0
    for document in documents(named, field=field):
        found.append(document.text[: MOST_TEXT - size])
        size += len(found[-1])
        if size >= MOST_TEXT:
            break
    return "\n\n".join(found)


def _fingerprint(model: LanguageModel) -> str:
    """Of the rows and the tokenizer."""
    rows = model.input_embeddings.float().cpu().contiguous().numpy()
    found = hashlib.sha256(rows.tobytes())
    found.update(model.tokenizer.sha256.encode())
    return found.hexdigest()


def _fit(
    model: LanguageModel,
    network: Hypernetwork,
    text: str,
    recipe: Recipe,
    settings: dict[str, Any],
    folder: Path,
    bf16: bool | None,
    every: float,
    on_moment: Callable[[HypernetworkMoment], None] | None,
) -> float:
    """Train to the last step; the mean loss of the last ones."""
    from tokenworks.lm.fitting import Training
    from tokenworks.transplant.sampled_vocabularies import QUEUE, VocabularySampler
    from tokenworks.transplant.text_slices import TextSlices
    from tokenworks.transplant.zett_objective import Objective

    characters = recipe.length * _CHARACTERS
    texts = TextSlices(text, many=recipe.batch, characters=characters, seed=recipe.seed)
    size = settings["vocab_size"]
    wanted = min(size * _PER_TOKEN, len(text))  # the whole text is all that there is
    many = max(recipe.batch, wanted // (QUEUE * characters))
    wider = TextSlices(text, many=many, characters=characters, seed=recipe.seed)
    sampler = VocabularySampler(wider, size, superwords=settings["superwords"], seed=recipe.seed)
    if not (folder / RUN).exists():
        sampler.draw(QUEUE)  # too little text is found before a run is begun
    agree(folder, settings, untold=_UNTOLD)
    mimic = settings["rows_only"]
    objective = Objective(
        model, network, texts, sampler, length=recipe.length, mimic=mimic, seed=recipe.seed
    )
    training = Training(network, recipe, bf16=bf16, objective=objective)
    kept = Checkpoints(folder, recipe)
    kept.begin(training)

    def tell(since: Since) -> None:
        number = since.last.number
        phase = "rows" if number <= mimic else "vocabularies"
        if on_moment is not None:
            on_moment(HypernetworkMoment(number, recipe.steps, phase, since.loss, since.per_step))

    log = RunLog(folder, recipe, training.number, every, tell, also_at=mimic)
    go_on(training, itertools.count(training.number), kept, log)
    return last_loss(folder)


def _write(
    target: Path,
    model: LanguageModel,
    network: Hypernetwork,
    result: TrainedHypernetwork,
    named: list[Any],
) -> None:
    from tokenworks.transplant.hypernetwork_folder import save_hypernetwork

    with atomic_folder(target, overwrite=True) as beside:
        save_hypernetwork(network, beside)
        files = [Path(name) for name in named if Path(name).is_file()]
        told = {**result.to_json(), "seconds": None, "path": None}
        told["tokenizer_sha256"] = model.tokenizer.sha256
        write_manifest(beside, inputs=files, seed=result.recipe.seed, extra={"training": told})
