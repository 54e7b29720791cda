"""Taking times and printing them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence


def milliseconds(act: Callable[[], object]) -> float:
    """Return how long `act` took."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def medians(acts: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median milliseconds of each of `acts`, which take turns so that a busy moment hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in acts}
    for number in range(rounds + 2):
        for name, act in acts.items():
            taken = milliseconds(act)
            if number >= 2:  # The first two fill caches.
                times[name].append(taken)
    return {name: statistics.median(taken) for name, taken in times.items()}


def quantile(values: Iterable[float], share: float) -> float:
    """Return the value that `share` of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table in Markdown."""
    print("| " + " | ".join(head) + " |")
    print("|---|" + "---:|" * (len(head) - 1))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)
    print()
