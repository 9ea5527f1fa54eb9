"""Which token may come next: the grammar of HID as a mask, so that whatever is sampled under it decodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meloformer.model import vocabulary as v
from meloformer.model.reading import NOT_NAMED, Last, Part, Reading, Section
from meloformer.model.score import Meter

Mask = NDArray[np.bool_]


def allowed(reading: Reading) -> Mask:
    """Which tokens may come next: [SIZE] booleans, never all false before the stream has ended."""
    mask = np.zeros(v.SIZE, dtype=np.bool_)
    last = reading.last
    if last is Last.NOTHING:
        mask[v.BOS] = True
    elif last is Last.OPENING:
        mask[v.BAR] = True
        mask[v.FUTURE] = reading.part is Part.PAST
    elif last is Last.NUM:
        _denominators(reading, mask)
    elif last is Last.VEL:
        _onsets(reading, mask)
    elif last is Last.INST:
        _group(reading, mask)
    elif last is not Last.END:
        _inside_bar(reading, mask)
    return mask


def _inside_bar(reading: Reading, mask: Mask) -> None:
    last = reading.last
    if last is Last.BAR:
        mask[v.NUM.start : v.NUM.stop] = True
        if reading.meter is None:
            return
    if last in (Last.BAR, Last.METER):
        mask[v.CHORD.start : v.CHORD.stop] = True
    if last in (Last.BAR, Last.METER, Last.CHORD):
        mask[v.GIVEN] = True
    if last in (Last.POS, Last.TEMPO, Last.RELEASE, Last.ONSET):
        _moment(reading, mask)
    if last is not Last.POS:
        _positions(reading, mask)
        _closing(reading, mask)


def _moment(reading: Reading, mask: Mask) -> None:
    if reading.last is Last.POS and reading.section is not Section.MADE:
        mask[v.TEMPO.start : v.TEMPO.stop] = True
        if reading.tempo is not None:
            mask[v.TEMPO.id(reading.tempo)] = False
    _instruments(reading, mask)
    if reading.instrument != NOT_NAMED:
        _group(reading, mask)


def _instruments(reading: Reading, mask: Mask) -> None:
    """One group an instrument in a moment, one section in a bar; an unchanged one is not named."""
    mask[v.INST.start : v.INST.stop] = True
    barred = set(reading.done)
    if reading.section is Section.MADE:
        barred |= reading.given
    if not reading.done and reading.instrument != NOT_NAMED:
        barred.add(reading.instrument)
    mask[[v.INST.start + instrument for instrument in barred]] = False


def _group(reading: Reading, mask: Mask) -> None:
    voice, group = reading.voice(), reading.group
    if not group.has_onset and reading.instrument != v.DRUMS:
        if len(voice.sounding) > 1:
            for pitch in voice.sounding:
                mask[v.OFF.start + pitch] = pitch > group.off
        if voice.sounding and group.off < 0:
            mask[v.OFFALL] = True
    if voice.velocity is not None:
        _onsets(reading, mask)
    if any(pitch not in group.released for pitch in range(group.on + 1, 128)):
        mask[v.VEL.start : v.VEL.stop] = True
        if voice.velocity is not None:
            mask[v.VEL.id(voice.velocity)] = False


def _onsets(reading: Reading, mask: Mask) -> None:
    """Pitches rise inside a group, and none that was just released begins again: that is a re-strike."""
    row = v.D if reading.instrument == v.DRUMS else v.ON
    mask[row.start + reading.group.on + 1 : row.stop] = True
    for pitch in reading.group.released:
        mask[row.start + pitch] = False


def _denominators(reading: Reading, mask: Mask) -> None:
    for index, denominator in enumerate(v.DENOMINATORS):
        meter = Meter(reading.numerator, denominator)
        mask[v.DEN.id(index)] = meter.is_encodable and meter != reading.meter


def _positions(reading: Reading, mask: Mask) -> None:
    assert reading.meter is not None
    if reading.section is Section.MADE and len(reading.given) == v.INSTRUMENTS:
        return  # nobody is left who could say something there
    mask[v.POS.start + reading.position + 1 : v.POS.start + reading.meter.ticks] = True


def _closing(reading: Reading, mask: Mask) -> None:
    if reading.section is Section.GIVEN:
        mask[v.MADE] = True
        return
    mask[v.BAR] = True
    mask[v.FUTURE] = reading.part is Part.PAST
    mask[v.PRESENT] = reading.part is Part.FUTURE
    mask[v.EOS] = reading.part is not Part.FUTURE
