"""Reference models of tokenworks: small, real, trained on public-domain text.

    import tokenworks as tw
    model = tw.lm.load("english-6m")      # by name, once this package is installed

Each is a folder that `transformers` opens, with `card.json`: what it was trained on and how it scores.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_DATA = Path(__file__).resolve().parent / "data"


def names() -> list[str]:
    """The models of this package."""
    return sorted(path.parent.name for path in _DATA.glob("[!.]*/config.json"))


def path(name: str) -> Path:
    """The folder of a model.

    Raises:
        KeyError: there is none of this name.
    """
    if name not in names():
        raise KeyError(f"no model {name!r}; there are {', '.join(names()) or 'none'}")
    return _DATA / name


def card(name: str) -> dict[str, Any]:
    """What a model was trained on, and its bits per byte beside those of xz and of n-grams.

    Raises:
        KeyError: there is none of this name.
    """
    found: dict[str, Any] = json.loads((path(name) / "card.json").read_text("utf-8"))
    return found
