"""The YAML of presets, and the presets themselves with their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SHIPPED: Final = Path(__file__).resolve().parent  # the presets that come with MeloFormer
DEFAULT: Final = "band"  # the preset that plays when none is asked for
