"""Pace: how long a call will take, by the calls before it: their looks, and how many of the model's frame budgets those filled.

A tool that was not used yet goes by the others. The first call loads the weights and is not counted.
"""

import math

FADE = 0.8  # What earlier calls weigh beside one more.


class Pace:
    def __init__(self) -> None:
        self._warm = False
        self._sums: dict[str, tuple[float, float, float]] = {}

    def note(self, tool: str, looks: int, budgets: float, took_s: float) -> None:
        for name in (tool, "") if self._warm else ():
            old = self._sums.get(name, (0.0, 0.0, 0.0))
            self._sums[name] = FADE * old[0] + looks, FADE * old[1] + budgets, FADE * old[2] + took_s
        self._warm = True

    def expected_s(self, tool: str, looks: float, budgets: float) -> float | None:
        """None before anything was measured. Whether time goes by looks (their answers) or by frames is not known: half by each."""
        measured = self._sums.get(tool) or self._sums.get("")
        if measured is None or not looks:
            return None
        return measured[2] * math.sqrt(looks / measured[0] * budgets / measured[1])
