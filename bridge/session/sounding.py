"""Notes on their way out: by OSC ahead of their time and with a time tag, by MIDI when they sound."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from meloformer.bridge.ledger import Ledger, Sounding
from meloformer.bridge.midi import ALL_NOTES_OFF, ALL_SOUND_OFF, CHANNELS, MidiControl, MidiNote
from meloformer.bridge.outgoing import OutBar, OutNote, OutOff
from meloformer.bridge.scheduler import Schedule
from meloformer.bridge.session.limiting import setting
from meloformer.bridge.session.phases import Cause
from meloformer.bridge.session.state import Cue, Departure, Line, Release, Strike, Voice
from meloformer.bridge.session.turn import Turn
from meloformer.bridge.tempo import SAME_BEAT

Sounds = OutBar | OutNote | OutOff
LATE_S: Final = 0.002  # a note that leaves later than this after its time counts as late
MISSED_BEATS: Final = 0.125  # and one later than this has missed its place


def leave(turn: Turn) -> None:
    """Send what is due, and what is overdue by the preset's policy for that."""
    if turn.state.clock.running:
        _leave_by_osc(turn)
    departures, rest = turn.state.departures.due(turn.now)
    turn.change(departures=rest)
    for departure in departures:
        _depart(turn, departure.item)


def _leave_by_osc(turn: Turn) -> None:
    due, rest = turn.state.cues.due(turn.horizon)
    policy = turn.state.preset.answer.late
    for place, cue in enumerate(due):
        missed = isinstance(cue.item, Strike) and turn.beat - cue.at > MISSED_BEATS
        if missed and policy == "shift" and turn.state.answer is not None:
            _shift(turn, replace(rest, cues=due[place:] + rest.cues), math.ceil(turn.beat - cue.at))
            _leave_by_osc(turn)
            return
        if missed and policy == "drop":
            turn.count("dropped")
        else:
            _cue(turn, cue.at, cue.item)
    turn.change(cues=rest)


def _shift(turn: Turn, cues: Schedule[Cue], by: float) -> None:
    """Move what is left of the answer to later beats."""
    answer = turn.state.answer
    assert answer is not None and answer.first_beat is not None
    turn.count("shifted")
    turn.change(cues=cues.moved(by), answer=replace(answer, first_beat=answer.first_beat + by))


def settle(turn: Turn) -> None:
    """Whatever is planned keeps the loudness that it has now, if the controls change, too."""

    def settled(cue: Cue) -> Cue:
        return Strike(cue.voice, _velocity(turn, cue), settled=True) if isinstance(cue, Strike) else cue

    turn.change(cues=turn.state.cues.changed(settled))


def silence(turn: Turn) -> None:
    """End everything that sounds and forget everything that waits to; each note-on has had its off then."""
    for note in turn.state.osc:
        at = max(turn.now, note.since)
        beat = max(turn.state.clock.beat_at(at), note.beat)
        _send(turn, OutOff(note.id, note.channel, note.pitch, beat), at)
    for note in turn.state.midi:
        turn.send_midi(MidiNote(note.channel, note.pitch, 0))
    state = turn.state
    turn.change(
        cues=state.cues.cleared(),
        departures=state.departures.cleared(),
        sent_until=turn.now,
        osc=Ledger(),
        midi=Ledger(),
    )


def end_on(turn: Turn, beat: float) -> None:
    """What sounds ends on that beat, and nothing begins there or later.

    What has been sent by OSC with a later time tag ends at that.
    """
    state, at = turn.state, turn.state.clock.tempo.seconds_at(beat)
    cues, _ = state.cues.split(beat - SAME_BEAT)
    begun = [Voice(note.id, note.channel, note.pitch) for note in state.osc]
    begun += [cue.item.voice for cue in cues.cues if isinstance(cue.item, Strike)]
    ended = {cue.item.voice for cue in cues.cues if isinstance(cue.item, Release)}
    for voice in begun:
        if voice not in ended:
            cues = cues.plus(beat, Release(voice))
    later = {each.item.id for each in state.departures.cues if each.at >= at and each.item.message.velocity}
    departures = state.departures.without(lambda departure: departure.id in later)
    turn.change(cues=cues, departures=departures, sent_until=turn.now)


def hush_channels(turn: Turn) -> None:
    """Tell every MIDI channel to end whatever it plays, whoever started it."""
    for channel in CHANNELS:
        turn.send_midi(MidiControl(channel, ALL_SOUND_OFF, 0))
        turn.send_midi(MidiControl(channel, ALL_NOTES_OFF, 0))


def _cue(turn: Turn, beat: float, cue: Strike | Release | Line) -> None:
    planned = turn.state.clock.tempo.seconds_at(beat)
    # after a rise of the tempo, nothing overtakes what has left already
    at = max(planned, turn.now, turn.state.sent_until)
    turn.change(sent_until=at)
    if isinstance(cue, Line):
        _send(turn, OutBar(cue.bar, cue.chord), at)
    elif isinstance(cue, Release):
        _end(turn, cue.voice, beat, at)
    else:
        if turn.now - planned > LATE_S:
            turn.count("late")
        _strike(turn, cue, beat, at)


def _strike(turn: Turn, strike: Strike, beat: float, at: float) -> None:
    id_, channel, pitch = strike.voice
    velocity = _velocity(turn, strike)
    if velocity == 0:
        return
    ledger, ended = turn.state.osc.struck(Sounding(id_, channel, pitch, at, beat))
    if ended is not None:
        _end(turn, Voice(ended.id, channel, pitch), beat, at)
    turn.change(osc=ledger)
    _send(turn, OutNote(id_, channel, pitch, velocity, beat), at)
    _plan(turn, at, Departure(id_, MidiNote(channel, pitch, velocity)))
    turn.count("sent")
    answer, ending = turn.state.answer, turn.state.ending
    if answer is not None:
        turn.change(answer=replace(answer, notes=answer.notes + 1))
        turn.enter(Cause.SOUNDED)
    elif ending is not None:
        turn.change(ending=ending._replace(notes=ending.notes + 1))


def _velocity(turn: Turn, strike: Strike) -> int:
    """As loud as the controls have it; 0: not at all."""
    channel = strike.voice.channel
    if setting(turn.state, "silence", channel):
        return 0
    if strike.settled:
        return strike.velocity
    softest, loudest = setting(turn.state, "velocity_range", channel)
    return int(max(softest, min(loudest, round(strike.velocity * turn.state.controls["velocity"]))))


def _end(turn: Turn, voice: Voice, beat: float, at: float) -> None:
    ledger, note = turn.state.osc.released(*voice)
    if note is None:
        return
    at, beat = max(at, note.since), max(beat, note.beat)
    turn.change(osc=ledger)
    _send(turn, OutOff(note.id, note.channel, note.pitch, beat), at)
    _plan(turn, at, Departure(note.id, MidiNote(note.channel, note.pitch, 0)))


def _plan(turn: Turn, at: float, departure: Departure) -> None:
    leaves = max(turn.now, at - turn.state.latency.midi_ms / 1000)
    turn.change(departures=turn.state.departures.plus(leaves, departure))


def _send(turn: Turn, message: Sounds, at: float) -> None:
    """To every OSC client, tagged so that it sounds at that instant."""
    turn.send(message, max(turn.now, at - turn.state.latency.osc_ms / 1000))


def _depart(turn: Turn, departure: Departure) -> None:
    message = departure.message
    if message.velocity:
        note = Sounding(departure.id, message.channel, message.pitch, turn.now, turn.beat)
        ledger, ended = turn.state.midi.struck(note)
        assert ended is None, "a note is struck over only after its off has left"
    else:
        ledger, ended = turn.state.midi.released(departure.id, message.channel, message.pitch)
        if ended is None:
            return  # its on was taken back
    turn.change(midi=ledger)
    turn.send_midi(message)
