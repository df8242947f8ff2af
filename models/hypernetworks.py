"""The hypernetworks of the reference models: trained on the same text, shipped in the model's folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenworks.files import MANIFEST, atomic_folder, write_json, write_text
from tokenworks.lm.run_log import LOG
from tokenworks.transplant.hypernetwork_folder import load_hypernetwork, save_hypernetwork
from tokenworks.workflows.train_hypernetwork import HypernetworkMoment, train_hypernetwork
from tokenworks.workflows.transplant.run import HYPERNETWORK


@dataclass(frozen=True, slots=True)
class Settings:
    """Of a run. text: a folder of WORK/text."""

    text: str
    steps: int
    batch: int = 16
    length: int = 128


HYPERNETWORKS = {"english-6m": Settings("english", 380)}


def train(work: Path, name: str, steps: int | None) -> None:
    """Train the hypernetwork of a finished model, or go on with it."""
    settings = HYPERNETWORKS[name]
    trained = train_hypernetwork(
        work / name,
        work / "text" / settings.text,
        work / f"{name}-{HYPERNETWORK}",
        steps=steps or settings.steps,
        batch=settings.batch,
        length=settings.length,
        device="cpu",
        every=60,
        on_moment=lambda moment: _say(name, moment),
    )
    print(f"{name}: {trained.to_json()}", flush=True)


def _say(name: str, moment: HypernetworkMoment) -> None:
    print(
        f"{name} {HYPERNETWORK} step {moment.step}/{moment.steps} {moment.phase} "
        f"loss {moment.loss:.4f} {moment.seconds:.2f} s/step",
        flush=True,
    )


def publish(work: Path, name: str, folder: Path) -> None:
    """Write a finished hypernetwork in bfloat16 into the folder of the shipped model."""
    import torch

    source = work / f"{name}-{HYPERNETWORK}"
    network = load_hypernetwork(source).to(torch.bfloat16)
    training: dict[str, Any] = json.loads((source / MANIFEST).read_text("utf-8"))["training"]
    with atomic_folder(folder / HYPERNETWORK, overwrite=True) as beside:
        save_hypernetwork(network, beside)
        card = {
            "name": f"{name}/{HYPERNETWORK}",
            "of": name,
            "parameters": sum(one.numel() for one in network.parameters()),
            "training": training,
            "text": "public-domain English novels",
            "licence": "Apache-2.0; the text is in the public domain",
        }
        write_json(beside / "card.json", card)
        log = source.with_name(source.name + ".training") / LOG
        write_text(beside / LOG, log.read_text("utf-8"))
