"""Healing: some steps of training after a transplant, of the token matrices alone or of the whole model."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tokenworks.errors import OptionError
from tokenworks.files import write_json
from tokenworks.lm.weights import INDEX, Weights
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Held, Rows
from tokenworks.workflows.transplant.writing import write_weights

if TYPE_CHECKING:
    from tokenworks.lm.fitting import Training
    from tokenworks.lm.token_file import TokenFile

BATCH, LENGTH = 8, 256
HEALED = "healed"  # the folder of new files, from which those of the model are replaced
_SAVE_SECONDS = 120.0
_TOKEN_RATE, _INNER_RATE = 0.001, 0.002  # a trained model: gentler than the recipe for a new one
_DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}


def check_healing(steps: int, texts: Sequence[str], new: Tokenizer) -> None:
    """Refuse what cannot be healed, before the work that healing comes after.

    Raises:
        OptionError: too few steps, no text, too short a text, or no token between documents.
    """
    if steps < 1:
        raise OptionError(f"heal is {steps}; it must be 1 or more")
    if not texts:
        raise OptionError("healing needs text in the language of the new tokenizer (--on)")
    _separator(new)
    tokens = 0
    for text in texts:
        tokens += 1 + new.count(text)
        if tokens > 2 * LENGTH:
            return
    raise OptionError(
        f"healing has {tokens:,} tokens of text; sequences of {LENGTH} need {2 * LENGTH + 1}: give more"
    )


def heal(
    folder: Path,
    texts: Sequence[str],
    steps: int,
    work: Path,
    *,
    names: dict[str, str],
    whole: bool = False,
    batch: int = BATCH,
    length: int = LENGTH,
    rate: float = _TOKEN_RATE,
    seed: int = 0,
    told: Callable[[str, int, int], None] = lambda what, done, of: None,
) -> dict[str, Any]:
    """Train a model in place; an interrupted run goes on from where it was.

    Args:
        folder: of the model; its files are replaced.
        texts: to train on.
        steps: how many.
        work: for the encoded text, the state of an interrupted run, and the new files.
        names: tensors of the token matrices, by part.
        whole: train everything; otherwise the token matrices only, and no other tensor changes.
        batch: sequences of a step. length: tokens of a sequence, at most the model's context.
        rate: of the token matrices; a smaller batch needs a smaller one.
        seed: of the order of the text.
        told: hears the steps.

    Returns:
        What was done: steps, tokens, and nats per token at the beginning and the end.

    Raises:
        OptionError: as `check_healing`.
        FormatError: the text is too short, or the loss is no number.
    """
    from tokenworks.lm.fitting import Training
    from tokenworks.lm.loading import load
    from tokenworks.lm.recipe import Recipe
    from tokenworks.lm.token_file import write_tokens

    model = load(folder)
    length = min(length, model.context or length)
    file = write_tokens(work / "heal.bin", texts, model.tokenizer, _separator(model.tokenizer))
    recipe = Recipe(
        steps=steps,
        batch=batch,
        length=length,
        matrix_rate=_INNER_RATE,
        other_rate=rate,
        warmup=max(1, min(50, steps // 10)),
        seed=seed,
    )
    module = model.model
    for parameter in module.parameters():
        parameter.requires_grad_(whole)
    ends = [module.get_input_embeddings(), module.get_output_embeddings()]
    for end in ends:
        for parameter in end.parameters():
            parameter.requires_grad_(True)
    losses = _train(Training(module, recipe), file, work, whole, told)
    module.eval()
    if whole:
        _save_all(folder, module, work)
    else:
        parts = {
            "input": ends[0].weight,
            "output": ends[1].weight,
            "bias": getattr(ends[1], "bias", None),
        }
        _save_rows(folder, {names[part]: parts[part] for part in names}, work)
    few = max(1, len(losses) // 10)
    return {
        "steps": steps,
        "trained": "all" if whole else "embeddings",
        "tokens": steps * batch * length,
        "loss_first": float(np.mean(losses[:few])),
        "loss_last": float(np.mean(losses[-few:])),
    }


def _train(
    training: Training,
    file: TokenFile,
    work: Path,
    whole: bool,
    told: Callable[[str, int, int], None],
) -> list[float]:
    """Train to the last step, or go on from where it was; the loss of every step."""
    import torch

    from tokenworks.interruption import interruptions
    from tokenworks.lm import checkpoint
    from tokenworks.lm.token_file import batches

    recipe = training.recipe
    kept = work / f"heal-{recipe.steps}-{'all' if whole else 'rows'}.safetensors"
    losses: list[float] = []
    if kept.exists():
        state, number, _ = checkpoint.load(kept)
        training.restore(state, number)
        losses = json.loads(kept.with_suffix(".json").read_text("utf-8"))[:number]

    def keep() -> None:
        write_json(kept.with_suffix(".json"), losses)  # first: it may run ahead of the state
        checkpoint.save(kept, training.state(), training.number, recipe.steps)

    stream = batches(file, recipe, step=training.number)
    saved = time.monotonic()
    with torch.random.fork_rng(), interruptions() as noted:
        while training.number < recipe.steps:
            torch.manual_seed(((recipe.seed << 32) + training.number) % (1 << 63))  # of dropout
            losses.append(training.step(next(stream)).loss)
            told("healing", training.number, recipe.steps)
            if noted.asked:
                keep()
                raise KeyboardInterrupt
            if time.monotonic() - saved > _SAVE_SECONDS:
                keep()
                saved = time.monotonic()
    return losses


def _separator(tokenizer: Tokenizer) -> int:
    definition = tokenizer.definition
    for number in (definition.eos_id, definition.bos_id, *tokenizer.specials.values()):
        if number is not None:
            return number
    raise OptionError(f"{tokenizer.name} has no special token to put between documents")


def _save_rows(folder: Path, tensors: dict[str, Any], work: Path) -> None:
    """Replace the token matrices in the files of the folder; linked shards stay linked."""
    made: dict[str, Rows] = {}
    for name, tensor in tensors.items():
        array = tensor.detach().float().cpu().numpy()
        made[name] = Held(array.reshape(len(array), -1))
    fresh = work / HEALED
    fresh.mkdir()
    written = write_weights(Weights(folder), made, None, fresh, lambda count: None)
    for name in written.rewritten:
        (fresh / name).replace(folder / name)


def _save_all(folder: Path, module: Any, work: Path) -> None:
    import torch

    from tokenworks.lm.loading import silent

    weights = Weights(folder)
    kinds = {tensor.dtype for tensor in weights.tensors.values()}
    dtype = _DTYPES.get(next(iter(kinds)) if len(kinds) == 1 else "F32", "float32")
    fresh = work / HEALED
    with silent():
        module.to(getattr(torch, dtype)).save_pretrained(fresh)
    for file in [*weights.files, folder / INDEX]:
        file.unlink(missing_ok=True)
    for file in fresh.iterdir():
        if file.suffix == ".safetensors" or file.name == INDEX:
            file.chmod(
                (folder / "config.json").stat().st_mode
            )  # safetensors makes its files private
            file.replace(folder / file.name)
