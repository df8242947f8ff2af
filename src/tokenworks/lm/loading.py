"""Opening a model: a folder with safetensors, or `hf://org/name`; code of the folder is never run."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenworks.errors import (
    FormatError,
    MissingExtraError,
    OptionError,
    TokenworksWarning,
    UnknownNameError,
    UnsupportedError,
)
from tokenworks.lm.weights import Weights
from tokenworks.tokenizer import Tokenizer, hub

if TYPE_CHECKING:
    import torch

    from tokenworks.lm.model import LanguageModel

_HUB_FILES = ("*.json", "*.safetensors", "tokenizer.model", "*.tiktoken", "merges.txt", "*.jinja")
_LARGEST = 1 << 31  # no size in a config is larger
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
DTYPES = ("float32", "bfloat16", "float16")


def load(
    path: str | os.PathLike[str],
    *,
    tokenizer: str | os.PathLike[str] | Tokenizer | None = None,
    device: str | None = None,
    dtype: str | None = None,
    offline: bool = False,
) -> LanguageModel:
    """Open a causal language model.

    Args:
        path: a model folder, the name of one in the package tokenworks-models, or `hf://org/name`, the
            only spelling that may touch the network.
        tokenizer: another than the one in the folder; its ids must mean what the model learned.
        device: "cpu", "cuda", "cuda:1", ...; the first GPU where there is one.
        dtype: "float32" (where left out), "bfloat16" or "float16": what is computed in.
        offline: refuse the network even for `hf://`; a copy in the local cache is still used.

    Returns:
        The model with its tokenizer.

    Raises:
        UnknownNameError: no such folder.
        FormatError: a file is missing, truncated or damaged, or model and tokenizer disagree.
        UnsupportedError: it would need code of its own, or is no causal language model.
        MissingExtraError: torch or transformers are not installed.
    """
    folder = model_folder(path, offline=offline)
    config = read_config(folder)
    weights = Weights(folder)
    if not isinstance(tokenizer, Tokenizer):
        tokenizer = Tokenizer.load(folder if tokenizer is None else tokenizer, offline=offline)
    require_models()
    import torch

    from tokenworks.lm.model import LanguageModel

    where = torch_device(device)
    module = _open(folder, config, getattr(torch, _dtype(dtype)), weights)
    model = LanguageModel(module.to(where), tokenizer, name=folder.name, path=folder)
    _try(model)
    return model


def model_folder(path: str | os.PathLike[str], *, offline: bool = False) -> Path:
    """The folder that a model's name means; `hf://` names are fetched, safetensors and JSON only.

    Raises:
        UnknownNameError: there is none.
        UnsupportedError: the Hub does not give it.
    """
    text = os.fspath(path)
    if text.startswith(hub.PREFIX):
        return hub.fetch(text, _HUB_FILES, offline=offline)
    folder = Path(text).expanduser()
    try:
        is_folder, exists = folder.is_dir(), folder.exists()
    except (OSError, ValueError):  # a name too long for a path, or with a null character
        is_folder = exists = False
    if is_folder:
        return folder
    if exists:
        raise FormatError(
            f"{folder}: is a file; name the folder that holds config.json and weights"
        )
    shipped = _shipped()
    if text in shipped:
        return shipped[text]
    if hub.NAME.fullmatch(text) and "/" in text:
        hint = f"for the Hub write {hub.PREFIX}{text}"
    elif shipped:
        hint = f"tokenworks-models holds {', '.join(shipped)}"
    else:
        hint = "name a folder that holds config.json and weights"
    raise UnknownNameError(f"no model folder {text[:200]!r}; {hint}")


def _shipped() -> dict[str, Path]:
    """The reference models by name, where their package is installed."""
    try:
        package = import_module("tokenworks_models")
    except ImportError:
        return {}
    return {name: package.path(name) for name in package.names()}


def read_config(folder: Path) -> dict[str, Any]:
    """config.json of a model folder.

    Raises:
        FormatError: there is none, it is damaged, or this is the folder of an adapter.
        UnsupportedError: it asks for code outside of transformers.
    """
    path = folder / "config.json"
    if (folder / "adapter_config.json").exists():
        raise FormatError(
            f"{folder}: holds an adapter; merge it into its base model, save, and name that folder"
        )
    try:
        config = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise FormatError(f"{folder}: no config.json; expected a model folder") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: no JSON: {str(error)[:80]}") from None
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        raise FormatError(f'{path}: no "model_type"; expected the config.json of a model')
    return config


def require_models() -> None:
    """Raise MissingExtraError with the line that installs torch and transformers where they are not."""
    try:
        import_module("torch")
        import_module("transformers")
    except ImportError:
        raise MissingExtraError("models need: pip install 'tokenworks[models]'") from None


def torch_device(name: str | None) -> torch.device:
    """The device of this name; the first GPU, or the CPU, without one.

    Raises:
        OptionError: there is no such device here.
    """
    import torch

    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0][:120]
        raise OptionError(f"device {name!r} cannot be used: {reason}") from None
    return device


def _dtype(name: str | None) -> str:
    chosen = name or "float32"
    if chosen not in DTYPES:
        raise OptionError(f"dtype is {chosen!r}; it must be one of {', '.join(DTYPES)}")
    return chosen


def _open(folder: Path, config: dict[str, Any], dtype: torch.dtype, weights: Weights) -> Any:
    """The module in evaluation mode, every weight of it read from the folder."""
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.models.auto import modeling_auto

    known = modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    _check_sizes(folder, config, weights)
    kind = config["model_type"]
    if kind not in known:
        own = " without its own code, which is never run" if "auto_map" in config else ""
        raise UnsupportedError(
            f"{folder}: transformers has no causal language model of type {kind[:80]!r}{own}"
        )
    # Both can name a repository whose kernels would be fetched and run.
    for key in ("_attn_implementation", "attn_implementation", "_experts_implementation"):
        if "/" in str(config.get(key, "")):
            raise UnsupportedError(f"{folder}: config.json asks for kernels from {config[key]!r}")
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    told: dict[str, Any]
    try:
        with silent():
            settings = AutoConfig.from_pretrained(folder, **options)
            opener: Any = AutoModelForCausalLM
            module, told = opener.from_pretrained(
                folder,
                config=settings,
                dtype=dtype,
                use_safetensors=True,
                output_loading_info=True,
                **options,
            )
    except Exception as error:  # its errors are many; all come from the files, checked above
        reason = " ".join(str(error).split())[:300]
        if "ignore_mismatched_sizes" in reason:  # it prints the sizes, and does not say them
            reason = (
                _mismatch(folder, weights) or "its tensors have other shapes than config.json says"
            )
        raise FormatError(f"{folder}: transformers cannot open it: {reason}") from None
    missing = sorted(told["missing_keys"])
    if missing:
        raise FormatError(
            f"{folder}: {len(missing)} tensors of the model are not in its files: {missing[0]!r}"
            f"{', ...' if len(missing) > 1 else ''}; the files hold {len(weights.tensors)}"
        )
    unused = sorted(told["unexpected_keys"])
    if unused:
        warnings.warn(
            f"{folder}: {len(unused)} tensors of its files are not used: {unused[0]!r}"
            f"{', ...' if len(unused) > 1 else ''}; does config.json belong to them?",
            TokenworksWarning,
            stacklevel=3,
        )
    return module.eval().requires_grad_(False)


def _mismatch(folder: Path, weights: Weights) -> str | None:
    """The first tensor whose shape is not what config.json says, where names can be compared."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    maker: Any = AutoModelForCausalLM
    with silent(), torch.device("meta"):
        settings = AutoConfig.from_pretrained(folder, local_files_only=True)
        module = maker.from_config(settings)
    for name, parameter in module.named_parameters():
        kept = weights.tensors.get(name)
        if kept is not None and kept.shape != tuple(parameter.shape):
            return (
                f"{name} has the shape {list(kept.shape)} in its files and {list(parameter.shape)} by "
                "config.json"
            )
    return None


def _check_sizes(folder: Path, config: dict[str, Any], weights: Weights) -> None:
    """Refuse sizes that the files cannot have: building such a model would take for ever."""
    parts = [config, *(value for value in config.values() if isinstance(value, dict))]
    for name, value in [item for part in parts for item in part.items()]:
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise FormatError(f"{folder}: config.json has {name} {value}; that cannot be")
        layers = name in _LAYERS and isinstance(value, int)
        if layers and value > len(weights.tensors):
            raise FormatError(
                f"{folder}: config.json has {name} {value:,}, but the files hold "
                f"{len(weights.tensors):,} tensors"
            )


def _try(model: LanguageModel) -> None:
    """One short run: it works, and what follows a token does not change what the model says of it.

    Without that, a model that reads in both directions would be scored on text it has seen.
    """
    import torch

    length = min(8, model.context or 8)
    half = length // 2
    ids = torch.arange(length).repeat(2, 1) % model.rows
    ids[1, half:] = (ids[1, half:] + model.rows // 2) % model.rows
    try:
        with silent():
            one, other = model.logits(ids.numpy())[:, :half].float()
    except Exception as error:  # of the module: its config and its tensors do not agree
        reason = " ".join(str(error).split())[:200]
        raise FormatError(f"{model.path}: the model does not run: {reason}") from None
    exact = 1e-3 if model.input_embeddings.dtype == torch.float32 else 0.05
    if (one - other).abs().max() > exact * max(1.0, float(one.abs().max())):
        raise UnsupportedError(
            f"{model.path}: not causal: what follows a token changes what the model says of it"
        )


@contextmanager
def silent() -> Iterator[None]:
    """No progress bars and warnings of transformers on the terminal; what matters is checked here."""
    from transformers.utils import logging

    bars: Any = logging  # its functions carry no types
    level, shown = bars.get_verbosity(), bars.is_progress_bar_enabled()
    bars.set_verbosity_error()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        bars.set_verbosity(level)
        if shown:
            bars.enable_progress_bar()
