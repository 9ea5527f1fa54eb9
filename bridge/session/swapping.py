"""Presets and the engine: one preset is in use, one may be loading beside it, one may wait."""

from __future__ import annotations

from collections.abc import Mapping

from meloformer.bridge.engine.messages import Load, Loaded, LoadFailed, Trouble
from meloformer.bridge.errors import Code
from meloformer.bridge.incoming import AskPresets, LoadPreset
from meloformer.bridge.outgoing import Error, PresetFailed, PresetLoaded, Presets
from meloformer.bridge.rows import ROOT
from meloformer.bridge.session.actions import ListPresets, ReadPreset
from meloformer.bridge.session.answering import ask_pending, fail, stop
from meloformer.bridge.session.conversation import forget_conversation, tell_again
from meloformer.bridge.session.events import (
    EngineDelay,
    EngineGone,
    EngineStarted,
    PresetRead,
    PresetRefused,
    PresetsListed,
)
from meloformer.bridge.session.free_phrase import Free
from meloformer.bridge.session.learning import show_all
from meloformer.bridge.session.listening import forget_live
from meloformer.bridge.session.state import Engine
from meloformer.bridge.session.steering import changed, promise
from meloformer.bridge.session.turn import Turn
from meloformer.presets.control import Setting
from meloformer.presets.controls import CONTROLS
from meloformer.presets.preset import Preset


def starting_values(preset: Preset) -> Mapping[str, Setting]:
    """What the controls stand at when a preset comes into use."""
    return {name: preset.value(name) for name in CONTROLS}


def load_named(turn: Turn, message: LoadPreset) -> None:
    """A client wants a preset by its name."""
    turn.actions.append(ReadPreset(message.name))


def list_names(turn: Turn, _: AskPresets) -> None:
    """A client wants to know which presets there are."""
    turn.actions.append(ListPresets())


def listed(turn: Turn, event: PresetsListed) -> None:
    """These presets are there."""
    turn.send(Presets(event.names))


def refused(turn: Turn, event: PresetRefused) -> None:
    """A preset file cannot be used."""
    turn.send(PresetFailed(event.name, event.reason))


def read(turn: Turn, event: PresetRead) -> None:
    """A preset is to come into use; while another one loads it waits, unless a third one comes."""
    if turn.state.loading is None and turn.state.engine is not Engine.STARTING:
        _load(turn, event.preset)
        return
    if turn.state.wanted is not None and turn.state.wanted.name != event.preset.name:
        turn.send(PresetFailed(turn.state.wanted.name, f"{event.preset.name} was asked for since"))
    turn.change(wanted=event.preset)


def started(turn: Turn, _: EngineStarted) -> None:
    """An empty engine is there: it loads the preset in use, and is told the conversation to go on with."""
    turn.change(engine=Engine.LOADING)
    _load(turn, turn.state.preset)
    if _is_cut(turn):
        _forget(turn)
    tell_again(turn)


def gone(turn: Turn, event: EngineGone) -> None:
    """The engine is no more, and with it what it was loading; another one will be told the conversation.

    Not where it went while it was being told: perhaps that was too much for it. Nor a phrase so long that its
    beginning is forgotten.
    """
    was_ready = turn.state.engine is Engine.READY
    turn.change(engine=Engine.STARTING)
    turn.send(Error(Code.ENGINE, ROOT, event.reason))
    stop(turn, "failed")
    turn.change(variations=None)
    if not was_ready or _is_cut(turn):
        _forget(turn)
    lost = turn.state.loading
    turn.change(loading=None)
    if lost is not None and lost != turn.state.preset:
        turn.send(PresetFailed(lost.name, event.reason))


def _is_cut(turn: Turn) -> bool:
    """A phrase is being played whose beginning is no longer known."""
    return turn.state.listening is not None and turn.state.transcript.dropped > 0


def _forget(turn: Turn) -> None:
    forget_live(turn)
    forget_conversation(turn)


def delayed(turn: Turn, event: EngineDelay) -> None:
    """The way to the engine and back takes so long; what leaves and what is asked for is earlier by that."""
    turn.change(engine_delay_s=event.seconds)


def loaded(turn: Turn, message: Loaded) -> None:
    """The weights are ready. What sounds and what is promised stays; all that follows is the new preset's."""
    preset = turn.state.loading
    if preset is None or preset.name != message.name:
        return
    promise(turn)
    if preset.listen.tempo != turn.state.preset.listen.tempo:
        turn.change(free=Free(preset.listen.tempo == "free"))
    if preset != turn.state.preset:
        turn.change(preset=preset, controls=starting_values(preset), channel_controls=preset.channel_controls)
        show_all(turn)
    turn.change(engine=Engine.READY, loading=None, models=turn.state.models + 1)
    changed(turn)
    turn.send(PresetLoaded(message.name, message.milliseconds))
    ask_pending(turn)
    _load_wanted(turn)


def load_failed(turn: Turn, message: LoadFailed) -> None:
    """The weights cannot be used; the preset in use stays, if there is one."""
    if turn.state.loading is None or turn.state.loading.name != message.name:
        return
    if turn.state.engine is Engine.LOADING:
        turn.change(engine=Engine.EMPTY)
        fail(turn)
        forget_live(turn)
    turn.change(loading=None)
    turn.send(PresetFailed(message.name, message.reason))
    _load_wanted(turn)


def trouble(turn: Turn, message: Trouble) -> None:
    """Something failed in the engine."""
    turn.send(Error(Code.ENGINE, ROOT, message.reason))


def _load(turn: Turn, preset: Preset) -> None:
    if turn.state.engine is Engine.EMPTY:
        turn.change(engine=Engine.LOADING)
    turn.change(loading=preset)
    turn.tell(Load(preset.name, str(preset.weights), turn.state.device))


def _load_wanted(turn: Turn) -> None:
    wanted = turn.state.wanted
    if wanted is not None:
        turn.change(wanted=None)
        _load(turn, wanted)
