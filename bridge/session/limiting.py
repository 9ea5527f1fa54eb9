"""From the controls, which speak of channels, to the rules of an answer, which speak of instruments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

from meloformer.bridge.channels import way_out
from meloformer.bridge.session.state import State
from meloformer.model.harmony import progression, scale
from meloformer.model.limits import Playing, Rules, Runs, before_loudness, playable
from meloformer.model.vocabulary import DRUMS, INSTRUMENTS
from meloformer.presets.controls import CONTROLS
from meloformer.presets.parts import Part
from meloformer.presets.words import FREE

PITCHES: Final = range(128)


def setting(state: State, name: str, channel: int) -> Any:
    """Where a control of each channel stands for this one."""
    return state.channel_controls.get((name, channel), state.controls[name])


def rules_of(
    state: State, parts: tuple[Part, ...], heard_on: Mapping[int, int], players: Collection[int]
) -> Rules:
    """By which rules an answer of these instruments (none: of any) plays that is asked for now.

    `heard_on`: channel by instrument.
    """
    controls = state.controls
    return Rules(
        scale=None if controls["scale"] == FREE else scale(controls["scale"]),
        grid=controls["grid"],
        chords=() if controls["chords"] == FREE else progression(controls["chords"]),
        playing=tuple(_playings(state, parts, heard_on, players)) if _is_bound(state) else (),
        closes=bool(controls["cadence"]) and not state.endless,
    )


def gave_way(rules: Rules) -> Iterator[tuple[str, int]]:
    """The controls that cannot be kept, each with the instrument for which they cannot."""
    for instrument, playing in rules.playing:
        control = playable(rules, instrument)[1]
        if control is not None and not playing.silent:
            yield control, instrument


def _is_bound(state: State) -> bool:
    """Whether any channel plays otherwise than freely."""
    own = (name for name, row in CONTROLS.items() if row.per_channel)
    return bool(state.channel_controls) or any(state.controls[name] != CONTROLS[name].default for name in own)


def _playings(
    state: State, parts: tuple[Part, ...], heard_on: Mapping[int, int], players: Collection[int]
) -> Iterator[tuple[int, Playing]]:
    for instrument in sorted(set(players)) or range(INSTRUMENTS):
        ways = ways_out(parts, heard_on.get(instrument), instrument)
        yield instrument, _playing(state, instrument, ways)


def _playing(state: State, instrument: int, ways: tuple[tuple[int, int], ...]) -> Playing:
    """The rules of the channels that an instrument leaves on; of several, the strictest."""
    channels = {channel for channel, _ in ways if not setting(state, "silence", channel)}
    if not channels:
        return Playing(silent=True)
    spans = {channel: setting(state, "pitch_range", channel) for channel in channels}
    if instrument == DRUMS:
        spans = dict.fromkeys(channels, (0, 127))
    inside = [
        pitch for pitch, (channel, out) in enumerate(ways) if channel in channels and _in(spans[channel], out)
    ]
    return Playing(
        pitches=_runs(inside),
        polyphony=_least(state, "polyphony", channels),
        density=_least(state, "density", channels),
        velocities=_velocities(state, channels),
    )


def _velocities(state: State, channels: Iterable[int]) -> tuple[int, int]:
    """Before the velocity control multiplies them."""
    spans = [setting(state, "velocity_range", channel) for channel in channels]
    low, high = max(low for low, _ in spans), min(high for _, high in spans)
    return before_loudness((low, max(low, high)), state.controls["velocity"])


def _least(state: State, name: str, channels: Iterable[int]) -> Any:
    """The least of the channels' settings; None where that is the control's top, which is no limit."""
    least = min(setting(state, name, channel) for channel in channels)
    return None if least >= CONTROLS[name].high else least


def _in(span: tuple[int, int], pitch: int) -> bool:
    return span[0] <= pitch <= span[1]


def _runs(pitches: Iterable[int]) -> Runs:
    """Rising pitches as runs of neighbours."""
    runs = [
        [pitch for _, pitch in run] for _, run in groupby(enumerate(pitches), lambda each: each[1] - each[0])
    ]
    return tuple((run[0], run[-1]) for run in runs)


@lru_cache(maxsize=512)
def ways_out(parts: tuple[Part, ...], heard_on: int | None, instrument: int) -> tuple[tuple[int, int], ...]:
    """For each of 128 pitches of an instrument, the channel and the pitch at which it leaves."""
    heard = {} if heard_on is None else {instrument: heard_on}
    return tuple(way_out(parts, heard, instrument, pitch) for pitch in PITCHES)
