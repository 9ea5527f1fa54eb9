"""The kind of field that is true or false."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from meloformer.presets.fields import Fault, Steps, shown


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    meaning: str
    default: bool = False

    @property
    def allowed(self) -> str:
        return "true or false"

    def faults(self, value: object, steps: Steps) -> Iterator[Fault]:
        if not isinstance(value, bool):
            yield Fault(steps, f"{shown(value)} is not allowed", self.allowed)

    def completed(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean", "description": self.meaning, "default": self.default}
