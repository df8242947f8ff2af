"""Shared test set-up: the helpers beside the tests are importable, and nothing reaches the network."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

TESTS = Path(__file__).resolve().parent
if str(TESTS) not in sys.path:
    sys.path.insert(0, str(TESTS))
# The reference models of this checkout, where their package is not installed.
sys.path.append(str(TESTS.parent / "models" / "src"))

# Tests run one process to a core. More threads of the linear algebra beside them only wait for each
# other on matrices as small as those of the laws, which then take four times the processor's time.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
# Set before any test imports a Hub client.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# Shared machines stall now and then: a slow example is no failure, a wrong one is.
settings.register_profile(
    "tokenworks", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
# The sanitizers are there to watch the native code at work, a few examples of each kind do.
settings.register_profile("sanitized", settings.get_profile("tokenworks"), max_examples=20)
settings.load_profile("sanitized" if os.environ.get("TOKENWORKS_SANITIZED") else "tokenworks")
