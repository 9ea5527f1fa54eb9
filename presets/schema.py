"""The JSON Schema of a preset file, for editors and other programs: from the table that the reader uses."""

from __future__ import annotations

from typing import Any

from meloformer.presets.shape import PRESET


def schema() -> dict[str, Any]:
    """The schema as plain data; fields that contradict each other are beyond it: the reader sees those."""
    heading = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "MeloFormer preset"}
    return heading | PRESET.schema()
