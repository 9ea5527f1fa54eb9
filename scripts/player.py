"""A preset's model, loaded and ready to hear and answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meloformer.presets.preset import Preset, SamplingSettings
from meloformer.scripts.limiting import limits

if TYPE_CHECKING:
    from meloformer.model.performer import Performer
    from meloformer.model.sampling import Sampling
    from meloformer.scripts.options import AnswerOptions, Device


def player(preset: Preset, settings: SamplingSettings, device: Device) -> Performer:
    """A performer on the preset's weights, to its limits. Raises WeightsError for weights that do not fit."""
    from meloformer.model.performer import Performer
    from meloformer.model.weights import load_to_play

    network, own = load_to_play(preset.weights, device), limits(preset.controls, preset)
    return Performer(network, sampling_of(settings), settings.seed, own)


def sampling_of(settings: SamplingSettings) -> Sampling:
    """What a preset says of choosing, without its seed."""
    from meloformer.model.sampling import Sampling

    return Sampling(settings.temperature, settings.top_p, settings.min_p, settings.echo, settings.memory)


def player_as_said(preset: Preset, options: AnswerOptions, device: Device) -> Performer:
    """A performer that samples, and keeps to limits, as the preset and the command line say."""
    performer = player(preset, options.over(preset.sampling), device)
    performer.limits = limits(options.over(preset.controls), preset)
    return performer
