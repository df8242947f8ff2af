"""Whether two definitions say exactly the same, field by field."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from tokenworks.tokenizer.definition import Definition


def same_definition(a: Definition, b: Definition) -> bool:
    """Whether two definitions are equal in everything but name and origin.

    Args:
        a: the one.
        b: the other.
    """
    if type(a.model) is not type(b.model) or not _same(a.model, b.model, ()):
        return False
    return _same(a, b, ("name", "origin", "model"))


def _same(a: object, b: object, but: tuple[str, ...]) -> bool:
    for field in fields(a):  # type: ignore[arg-type]
        if field.name in but:
            continue
        one, two = getattr(a, field.name), getattr(b, field.name)
        if isinstance(one, np.ndarray) and isinstance(two, np.ndarray):
            if not np.array_equal(one, two):
                return False
        elif one is not two and one != two:
            return False
    return True
