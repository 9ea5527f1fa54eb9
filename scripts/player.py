"""A preset's model, loaded and ready to hear and answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from meloformer.presets.preset import Preset, SamplingSettings

if TYPE_CHECKING:
    from meloformer.model.performer import Performer
    from meloformer.scripts.options import Device


def chosen(
    settings: SamplingSettings,
    *,
    temperature: float | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    seed: int | None = None,
    memory: float | None = None,
) -> SamplingSettings:
    """A preset's sampling, with what the command line says in its place."""
    said: dict[str, Any] = {"temperature": temperature, "top_p": top_p, "min_p": min_p}
    said |= {"seed": seed, "memory": memory}
    return replace(settings, **{name: value for name, value in said.items() if value is not None})


def player(preset: Preset, settings: SamplingSettings, device: Device) -> Performer:
    """A performer on the preset's weights. Raises WeightsError for weights that do not fit."""
    from meloformer.model.performer import Performer
    from meloformer.model.sampling import Sampling
    from meloformer.model.weights import load_to_play

    network = load_to_play(preset.weights, device)
    sampling = Sampling(settings.temperature, settings.top_p, settings.min_p, settings.memory)
    return Performer(network, sampling, settings.seed)
