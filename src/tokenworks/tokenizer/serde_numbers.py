"""Numbers as the `tokenizers` library reads them from JSON.

Its parser (serde_json) takes all digits as one whole number and divides it by a power of ten, both in
double precision, so that about one score in seven comes out one unit in the last place beside the
nearest double. Where two ways to cut a text have the same pieces in another order ("9" + "99" or
"99" + "9"), nothing but this rounding decides between them.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

_LARGEST_POWER = 308


def as_serde_reads(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """The doubles that serde_json makes of these numbers, written with the fewest digits.

    Args:
        numbers: finite, float64 [n].

    Returns:
        float64 [n].
    """
    return np.fromiter(map(_read, numbers.tolist()), np.float64, len(numbers))


def _read(number: float) -> float:
    text = repr(number)
    if len(text) < 18 and "e" not in text:  # 15 digits at most: nothing is rounded but the quotient
        return number
    sign, digits, exponent = Decimal(text).as_tuple()
    assert isinstance(exponent, int)  # a finite number
    value = float(int("".join(map(str, digits))))
    if exponent >= 0:
        value *= float(f"1e{exponent}")
    else:
        if exponent < -_LARGEST_POWER:
            value /= float(f"1e{_LARGEST_POWER}")
            exponent += _LARGEST_POWER
        value /= float(f"1e{-exponent}")
    return -value if sign else value
