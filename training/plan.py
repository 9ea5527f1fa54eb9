"""When a run ends, and how fast it learns until then: plain functions of the step and of the time.

Warm-up, constant, linear cooldown: a run of any length can be ended well at any moment by its cooldown alone.
Source: WSD (Hu et al. 2024, MiniCPM).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from meloformer.training.errors import RecipeError

COOLDOWN_SHARE = 0.2  # of a run whose length is known
LONG_STEPS, LONG_S = 400, 900.0  # from here on a compiler's minute is well spent


class Plan(Protocol):
    """How a run ends."""

    def left(self, step: int, seconds: float) -> float:
        """How much of the cooldown is left at a step, so many seconds after the start.

        It is 1 until the cooldown begins, and 0 at the end of the run.
        """

    def share(self, first: int, step: int, seconds: float) -> float:
        """How much of what began at step `first` so many seconds ago is done, 0 to 1."""

    def is_long(self, step: int) -> bool:
        """Whether a run that starts at this step is worth compiling for."""


@dataclass(frozen=True, slots=True)
class BySteps:
    """The run ends before step `stop`, counted from its beginning; the last `cooldown` steps slow down."""

    stop: int
    cooldown: int

    @classmethod
    def of(cls, first: int, steps: int) -> BySteps:
        """So many steps from `first` on, the last fifth of them cooldown."""
        return cls(first + steps, round(steps * COOLDOWN_SHARE))

    @classmethod
    def cooling(cls, first: int, steps: int) -> BySteps:
        """So many steps from `first` on, all of them cooldown."""
        return cls(first + steps, steps)

    def left(self, step: int, seconds: float) -> float:
        return min(1.0, max(0.0, (self.stop - step) / max(self.cooldown, 1)))

    def share(self, first: int, step: int, seconds: float) -> float:
        return min(1.0, (step - first) / max(self.stop - first, 1))

    def is_long(self, step: int) -> bool:
        return self.stop - step >= LONG_STEPS


@dataclass(frozen=True, slots=True)
class ByTime:
    """The run ends after `seconds`; the last `cooldown` of them slow down, `spent` are over already."""

    seconds: float
    cooldown: float
    spent: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.cooldown <= self.seconds:
            raise RecipeError(
                f"cooldown ({self.cooldown:g} s) must be a part of the run ({self.seconds:g} s)"
            )

    @classmethod
    def of(cls, minutes: float) -> ByTime:
        """So many minutes, the last fifth of them cooldown."""
        return cls(minutes * 60, minutes * 60 * COOLDOWN_SHARE)

    @classmethod
    def cooling(cls, minutes: float) -> ByTime:
        """So many minutes, all of them cooldown."""
        return cls(minutes * 60, minutes * 60)

    def left(self, step: int, seconds: float) -> float:
        return min(1.0, max(0.0, (self.seconds - self.spent - seconds) / self.cooldown))

    def share(self, first: int, step: int, seconds: float) -> float:
        return min(1.0, seconds / max(self.seconds - self.spent, 1e-9))

    def is_long(self, step: int) -> bool:
        return self.seconds - self.spent >= LONG_S


def plan_from(text: str, spent_s: float) -> Plan:
    """The plan that a run's log tells, so many seconds later. Raises RecipeError for anything else."""
    told = re.fullmatch(r"(BySteps|ByTime)\(\w+=(\S+), cooldown=(\S+?)(?:, spent=(\S+))?\)", text)
    if told is None:
        raise RecipeError(f"{text} is no plan to go on with; say --minutes or --steps")
    kind, end, cooldown, spent = told.groups()
    if kind == "BySteps":
        return BySteps(int(end), int(cooldown))
    return ByTime(float(end), float(cooldown), float(spent or 0) + spent_s)


def rate(step: int, warmup: int, left: float) -> float:
    """Share of the full learning rate, 0 to 1: it rises over `warmup` steps, and falls at the end."""
    rising = min(1.0, (step + 1) / warmup) if warmup else 1.0
    return min(rising, left)
