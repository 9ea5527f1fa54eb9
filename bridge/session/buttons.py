"""Buttons for the moments between the music: stop, panic, mute, pause, reset."""

from __future__ import annotations

from meloformer.bridge.incoming import Mute, Panic, Pause, Reset, SetControl, Stop
from meloformer.bridge.session import answering, learning, listening, replies, steering, swapping
from meloformer.bridge.session.conversation import forget_conversation
from meloformer.bridge.session.sounding import hush_channels, silence
from meloformer.bridge.session.turn import Turn


def mute(turn: Turn, message: Mute) -> None:
    """The band is silent on all channels, or plays again."""
    replies.set_control(turn, SetControl("silence", message.on))
    steering.changed(turn)
    learning.show(turn, "silence")


def pause(turn: Turn, message: Pause) -> None:
    """Hear nothing that is played, or listen again."""
    turn.change(paused=bool(message.on))
    if message.on:
        listening.forget_live(turn)


def reset(turn: Turn, _: Reset) -> None:
    """Begin the evening anew, with the preset as it is written."""
    answering.stop(turn)
    listening.forget(turn)
    forget_conversation(turn)
    preset = turn.state.preset
    controls = swapping.starting_values(preset)
    turn.change(paused=False, controls=controls, channel_controls=preset.channel_controls)
    learning.show_all(turn)


def stop(turn: Turn, _: Stop) -> None:
    """Stop answering."""
    answering.stop(turn)


def panic(turn: Turn, _: Panic) -> None:
    """Silence everything, and every channel, whoever started it."""
    turn.change(later=turn.state.later.cleared())
    answering.stop(turn)
    listening.forget(turn)
    silence(turn)
    hush_channels(turn)
