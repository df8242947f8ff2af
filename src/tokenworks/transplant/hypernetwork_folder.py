"""A hypernetwork on disk: config.json and model.safetensors, in the layout of the published ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError
from tokenworks.files import write_error, write_json
from tokenworks.lm.weights import Weights
from tokenworks.transplant.hypernetwork import Hypernetwork
from tokenworks.transplant.hypernetwork_shape import shape_of

# What published files hold beside the network: pieces come as rows, so no words are looked up.
_UNUSED = ("model.embeddings.word_embeddings.weight", "model.embeddings.position_ids")


def save_hypernetwork(
    network: Hypernetwork, folder: Path, *, extra: Mapping[str, Any] | None = None
) -> None:
    """Write both files into a folder, in the type of the weights.

    Raises:
        WriteError: they cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    config = {**network.shape.config(), "langs": list(network.languages) or None, **(extra or {})}
    write_json(folder / "config.json", config)
    path = folder / "model.safetensors"
    state = {name: tensor.contiguous().cpu() for name, tensor in network.state_dict().items()}
    try:
        save_file(state, path, {"format": "pt"})
        path.chmod((folder / "config.json").stat().st_mode)  # safetensors makes it private
    except OSError as error:
        raise write_error(path, error) from error
    except SafetensorError as error:
        raise write_error(path, OSError(str(error))) from error


def load_hypernetwork(folder: Path) -> Hypernetwork:
    """Read a hypernetwork; nothing of the folder is run.

    Args:
        folder: with config.json and safetensors.

    Returns:
        The network in float32, ready for use.

    Raises:
        FormatError: a file is missing or damaged, or the weights are not those of the config.
        UnsupportedError: a variant that is not built here.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise FormatError(
            f"{path}: cannot be read: {error.strerror or error}; expected the folder of a hypernetwork"
        ) from None
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: no JSON: {str(error)[:80]}") from None
    if not isinstance(config, dict):
        raise FormatError(f"{path}: expected an object")
    shape = shape_of(config, str(path))
    weights = Weights(folder)
    import torch

    with torch.device("meta"):
        network = Hypernetwork(shape)
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    held = {name: one.shape for name, one in weights.tensors.items() if name not in _UNUSED}
    for name in sorted(wanted.keys() | held.keys()):
        if wanted.get(name) != held.get(name):
            raise FormatError(
                f"{folder}: {name} has the shape {held.get(name, 'of no tensor')}, the config.json "
                f"asks for {wanted.get(name, 'no such tensor')}"
            )
    state = {name: weights.read(name).float() for name in wanted}
    broken = [name for name, tensor in state.items() if not bool(torch.isfinite(tensor).all())]
    if broken:
        raise FormatError(f"{folder}: {broken[0]} holds NaN or infinity; the file is damaged")
    network.load_state_dict(state, assign=True)
    languages = config.get("langs") or ()
    if isinstance(languages, list):
        network.languages = tuple(map(str, languages))
    return network.eval()
