"""The place of a name among those compared, or the error that names the nearest."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from tokenworks.errors import OptionError


def number_of(name: str, known: Sequence[str], option: str) -> int:
    """The number of a name among those known.

    Raises:
        OptionError: it is not among them; names the option and the nearest.
    """
    if name in known:
        return known.index(name)
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known[:8])}"
    raise OptionError(f"{option} is {name!r}, which is not among those compared; {hint}")
