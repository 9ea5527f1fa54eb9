"""What may come to a session, in any order: the presets, messages and MIDI that a conversation draws from."""

from __future__ import annotations

from dataclasses import replace

from meloformer.bridge import incoming as osc
from meloformer.bridge.midi import (
    MidiContinue,
    MidiControl,
    MidiIn,
    MidiNote,
    MidiPosition,
    MidiProgram,
    MidiStart,
    MidiStop,
)
from meloformer.presets.preset import Listen
from rehearsal import BAND, band

PRESETS = {
    "band": BAND,
    "bars": band("bars", end="bars", bars=1),
    "now": band("now", quantise="now"),
    "beat": band("beat", end="signal", quantise="beat"),
    "gently": replace(BAND, name="gently", answer=replace(BAND.answer, interrupt="beat")),
    "early": replace(BAND, name="early", answer=replace(BAND.answer, lookahead_beats=9.0, commit_beats=8.0)),
    "free": replace(
        band("free"),
        listen=replace(BAND.listen, tempo="free"),
        answer=replace(BAND.answer, interrupt="beat"),
    ),
    "free bars": replace(BAND, name="free bars", listen=Listen("bars", 2.0, 1, "free")),
}
MESSAGES: list[osc.Incoming] = [
    osc.PhraseBegin(),
    osc.PhraseEnd(),
    osc.Infill(1, 1),
    osc.Infill(2, 1),
    osc.Infill(1, 2),
    osc.Variations(2, 1),
    osc.Variations(3, 2),
    osc.Choose(1),
    osc.Choose(2),
    osc.Accompany(1),
    osc.Accompany(1),
    osc.Accompany(0),
    osc.Pause(1),
    osc.Pause(0),
    osc.Mute(1),
    osc.Mute(0),
    osc.Reset(),
    osc.Stop(),
    osc.Panic(),
    osc.TransportStart(),
    osc.TransportStop(),
    osc.TransportContinue(),
    osc.TransportFree(1),
    osc.TransportFree(1),
    osc.TransportFree(0),
    osc.TransportClock("internal"),
    osc.TransportClock("auto"),
    osc.TransportClock("midi"),
    osc.TransportClock("osc"),
    osc.TransportClock("link"),
    osc.TransportMeter(3, 4),
    osc.TransportMeter(7, 8),
    osc.TransportMeter(32, 1),
    osc.LoadPreset("other"),
    osc.AskPresets(),
    osc.AskStatus(),
    osc.AskHelp("/melo/note"),
    osc.AskHelp("/melo/nothing"),
    osc.Ping(),
    osc.Hello(9000),
    osc.Bye(9000),
    osc.SetControl("bars", 1),
    osc.SetControl("velocity", 2.0),
    osc.SetControl("temperature", 0.5),
    osc.SetControl("temperature", 1.5),
    osc.SetControl("scale", "C major"),
    osc.TransportPosition(13.5),
    osc.TransportPosition(0.0),
    osc.TransportPosition(8.0),
]
MIDI: list[MidiIn] = [
    MidiNote(1, 60, 80),
    MidiNote(1, 60, 0),
    MidiNote(10, 36, 80),
    MidiControl(1, 64, 127),
    MidiControl(1, 64, 0),
    MidiControl(1, 20, 99),
    MidiControl(1, 123, 0),
    MidiProgram(2, 40),
    MidiStart(),
    MidiStop(),
    MidiContinue(),
    MidiPosition(8),
]
