"""A page of MusicXML becomes the row that a MIDI file of its performance would."""

from __future__ import annotations

import io
import time
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from meloformer.model import midi
from meloformer.model.score import Meter, Note, Score, TempoChange, tempo_step, velocity_bin
from meloformer.model.vocabulary import DRUMS
from meloformer.training import musicxml
from meloformer.training.ingest import prepare
from meloformer.training.reader import MOST_NOTES
from meloformer.training.rows import piece_of
from meloformer.training.sources import Refusal
from meloformer.training.store import open_store

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"
  "http://www.musicxml.org/dtds/partwise.dtd">
"""
FOUR_FOUR = (
    "<attributes><divisions>4</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
)
REST = "<note><rest/><duration>16</duration></note>"
LOUD = velocity_bin(90)
Q = 24  # grid ticks of a quarter


def note(pitch: str, quarters: float, inside: str = "", after: str = "") -> str:
    """`pitch` is a step and an octave, with # or b between; `inside` comes before it, `after` behind it."""
    alter = {"#": "<alter>1</alter>", "b": "<alter>-1</alter>"}.get(pitch[1:-1], "")
    named = f"<pitch><step>{pitch[0]}</step>{alter}<octave>{pitch[-1]}</octave></pitch>"
    return f"<note>{inside}{named}<duration>{round(4 * quarters)}</duration>{after}</note>"


def page(*parts: tuple[str, list[str]]) -> str:
    """A document of parts, each what its <score-part> holds and its bars; the first bar says 4/4."""
    heads = "".join(
        f'<score-part id="P{number}"><part-name>any</part-name>{head}</score-part>'
        for number, (head, _) in enumerate(parts)
    )
    bodies = "".join(
        f'<part id="P{number}">'
        + "".join(f"<measure>{FOUR_FOUR if at == 0 else ''}{bar}</measure>" for at, bar in enumerate(bars))
        + "</part>"
        for number, (_, bars) in enumerate(parts)
    )
    return f"{HEAD}<score-partwise><part-list>{heads}</part-list>{bodies}</score-partwise>"


def program(number: int, name: str = "I1") -> str:
    return f'<midi-instrument id="{name}"><midi-program>{number + 1}</midi-program></midi-instrument>'


def read(document: str | bytes) -> Score:
    data = document.encode() if isinstance(document, str) else document
    return midi.from_symusic(musicxml.parse(data, "page.musicxml", MOST_NOTES))


def line(*bars: str) -> Score:
    """A part for piano."""
    return read(page(("", list(bars))))


def pitches(score: Score) -> list[int]:
    return [one.pitch for one in score.notes]


def test_two_parts_keep_their_instruments() -> None:
    score = read(page((program(40), [note("A5", 4)]), (program(42), [note("C3", 2) + note("D3", 2)])))
    assert score.meters == (Meter(4, 4),)
    assert score.notes == (
        Note(0, 40, 81, 4 * Q, LOUD),
        Note(0, 42, 48, 2 * Q, LOUD),
        Note(2 * Q, 42, 50, 4 * Q, LOUD),
    )


def test_a_player_who_changes_instruments_is_two() -> None:
    head = program(73, "flute") + program(72, "piccolo")
    score = read(page((head, [note("A5", 2) + note("B5", 2, after='<instrument id="piccolo"/>')])))
    assert [(one.instrument, one.pitch) for one in score.notes] == [(73, 81), (72, 83)]


def test_a_pickup_bar_is_as_long_as_it_is() -> None:
    score = line(note("G4", 1), note("C5", 4), note("C5", 3))
    assert score.meters == (Meter(1, 4), Meter(4, 4), Meter(3, 4))
    assert [one.onset for one in score.notes] == [0, Q, 5 * Q]


def test_a_rest_too_many_makes_no_bar_longer() -> None:
    assert line(note("C5", 4), REST + REST, note("C5", 4)).meters == (Meter(4, 4),) * 3


def test_tied_notes_are_one_and_repeated_notes_are_not() -> None:
    held = note("C5", 4, after='<tie type="start"/>')
    on = note("C5", 4, after='<tie type="stop"/><tie type="start"/>')
    end = note("C5", 1, after='<tie type="stop"/>')
    score = line(held, on, end + note("C5", 3))
    assert [(one.onset, one.end) for one in score.notes] == [(0, 9 * Q), (9 * Q, 12 * Q)]


def test_voices_chords_and_accidentals_stand_where_they_are_written() -> None:
    backup = "<backup><duration>16</duration></backup><forward><duration>8</duration></forward>"
    score = line(note("C5", 4) + note("E5", 4, inside="<chord/>") + backup + note("Bb3", 2))
    assert [(one.onset, one.pitch) for one in score.notes] == [(0, 72), (0, 76), (2 * Q, 58)]


def test_a_transposing_instrument_sounds_as_it_does() -> None:
    transpose = "<attributes><transpose><chromatic>-2</chromatic></transpose></attributes>"
    assert pitches(line(transpose + note("D5", 4))) == [72]
    concert = page(("", [transpose + note("D5", 4)])).replace(
        "<part-list>", "<defaults><concert-score/></defaults><part-list>"
    )
    assert pitches(read(concert)) == [74]


def test_grace_notes_are_left_out() -> None:
    grace = "<note><grace/><pitch><step>D</step><octave>5</octave></pitch></note>"
    assert pitches(line(grace + note("C5", 4))) == [72]


@pytest.mark.parametrize(
    "mark",
    [
        '<direction><direction-type><words>fast</words></direction-type><sound tempo="180"/></direction>',
        '<sound tempo="180.000000000001"/>',
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>"
        "<per-minute>c. 120</per-minute></metronome></direction-type></direction>",
    ],
    ids=["a direction that sounds", "a sound alone", "a dotted metronome"],
)
def test_a_tempo_mark_holds_from_where_it_stands(mark: str) -> None:
    score = line(note("C5", 4), note("C5", 2) + mark + note("C5", 2))
    assert score.tempos == (TempoChange(0, tempo_step(120)), TempoChange(6 * Q, tempo_step(180)))


def test_dynamics_hold_until_the_next_and_a_notes_own_go_before_them() -> None:
    soft = "<direction><direction-type><dynamics><p/></dynamics></direction-type></direction>"
    own = note("E5", 1).replace("<note>", '<note dynamics="120">')
    score = line(note("C5", 4), soft + note("D5", 3) + own, note("F5", 4))
    assert [one.velocity for one in score.notes] == [LOUD, *map(velocity_bin, (49, 108, 49))]


def unpitched(place: str, instrument: str = "") -> str:
    where = f"<display-step>{place[0]}</display-step><display-octave>{place[1]}</display-octave>"
    named = f'<instrument id="{instrument}"/>' if instrument else ""
    return f"<note><unpitched>{where}</unpitched><duration>4</duration>{named}</note>"


def test_unpitched_percussion_is_the_drum_that_its_instrument_names_or_its_place_means() -> None:
    head = "".join(
        f'<midi-instrument id="{name}"><midi-channel>10</midi-channel>'
        f"<midi-unpitched>{key + 1}</midi-unpitched></midi-instrument>"
        for name, key in (("kick", 35), ("bell", 56))
    )
    score = read(page((head, [unpitched("F4", "kick") + unpitched("E5", "bell") + REST])))
    assert [(one.instrument, one.pitch) for one in score.notes] == [(DRUMS, 35), (DRUMS, 56)]
    bare = read(page(("", [unpitched("F4") + unpitched("C5") + unpitched("C9") + note("C5", 1)])))
    assert [(one.instrument, one.pitch) for one in bare.notes] == [(DRUMS, 36), (DRUMS, 38), (0, 72)]


def barline(inside: str) -> str:
    return f"<barline>{inside}</barline>"


def test_repeats_and_endings_are_played() -> None:
    start, back = '<repeat direction="forward"/>', '<repeat direction="backward"/>'
    first, second = (f'<ending number="{n}" type="start"/>' for n in (1, 2))
    stop = '<ending number="1" type="stop"/>'
    score = line(
        note("C4", 4),
        barline(start) + note("D4", 4),
        barline(first) + note("E4", 4) + barline(stop + back),
        barline(second) + note("F4", 4) + barline('<ending number="2" type="discontinue"/>'),
        note("G4", 4),
    )
    assert pitches(score) == [60, 62, 64, 62, 65, 67]
    assert len(score.meters) == 6


def packed(document: bytes) -> bytes:
    """A .mxl archive."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        rootfile = '<rootfile full-path="the/page.xml"/>'
        archive.writestr(
            "META-INF/container.xml", f"<container><rootfiles>{rootfile}</rootfiles></container>"
        )
        archive.writestr("the/page.xml", document)
    return data.getvalue()


TUNE = page((program(40), [note("A5", 1) + note("C6", 3), note("E5", 4)]))


def test_all_three_suffixes_become_rows_beside_midi_files_and_the_same_music_is_there_once(
    tmp_path: Path,
) -> None:
    songs = tmp_path / "songs"
    songs.mkdir()
    midi.write(read(TUNE), songs / "a.mid")
    (songs / "b.musicxml").write_text(page(("", [note("C4", 4)])))
    (songs / "c.XML").write_bytes(page(("", [note("C4", 1), note("D4", 4)])).encode())
    (songs / "d.mxl").write_bytes(packed(TUNE.encode()))
    (left_out,) = prepare(songs, tmp_path / "data")
    assert left_out.reason == "d.mxl repeats a.mid; the first stays"
    assert open_store(tmp_path / "data")["source"] == ["a.mid", "b.musicxml", "c.XML"]
    assert piece_of(open_store(tmp_path / "data")[2]).score.meters == (Meter(1, 4), Meter(4, 4))


def test_a_document_in_another_encoding_is_read() -> None:
    assert read(TUNE.replace("UTF-8", "UTF-16").encode("utf-16")) == read(TUNE)


LAUGHS = HEAD.replace(
    '"http://www.musicxml.org/dtds/partwise.dtd">',
    '"x.dtd" [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise("abcdefghi"))
    + "]>",
)
OUTSIDE = '<!DOCTYPE score-partwise [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
DEFAULTS = f'<!DOCTYPE score-partwise [<!ATTLIST a b CDATA "{"x" * 100_000}">]>'
BODY = "<score-partwise><part-list/>{}</score-partwise>"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (LAUGHS + BODY.format("&i;"), "it declares entities of its own"),
        (OUTSIDE + BODY.format("&a;"), "it declares entities of its own"),
        (DEFAULTS + BODY.format("<a/>" * 100_000), "it declares entities of its own"),
        (packed((LAUGHS + BODY.format("&i;")).encode()), "it declares entities of its own"),
        (packed(b"<a>" + b" " * 2**26), "16 MiB are more than the 16 that a file may have"),
        (packed(b"")[:-30], "it cannot be unpacked"),
        (b"PK nothing", "it cannot be unpacked"),
        (TUNE[:-40], "the XML is damaged"),
        (BODY.format("&undeclared;"), "the XML is damaged"),
        ("", "the XML is damaged"),
        ("<project/>", "it is no MusicXML score (it begins with <project>)"),
        ("<score-timewise/>", "its bars are not in parts"),
        (BODY.format(""), "there are no notes in it"),
        (TUNE.replace("<duration>4<", "<duration>1e99<"), "a number in it makes no sense ('1e99')"),
        (TUNE.replace("<duration>4<", "<duration>-4<"), "a number in it makes no sense (a length below 0)"),
        (TUNE.replace("<divisions>4<", "<divisions>0<"), "a number in it makes no sense"),
        (
            page(("", [note("C4", 4) + barline('<repeat direction="backward" times="99"/>')] * 700)),
            "20000 bars",
        ),
        (
            page(
                ("", [(note("C4", 0.25) * 16 + barline('<repeat direction="backward" times="32"/>'))] * 600)
            ),
            "262144",
        ),
    ],
    ids=[
        *("an entity bomb", "an outside entity", "a bomb of defaults", "a packed entity bomb", "a zip bomb"),
        *("a cut archive", "no archive", "a cut page", "an undeclared entity", "nothing", "other XML"),
        *("bars first", "no parts", "a huge number", "a negative length", "no divisions"),
        *("repeats without end", "too many notes"),
    ],
)
def test_what_is_broken_or_hostile_is_refused_with_its_reason_and_soon(
    tmp_path: Path, data: str | bytes, reason: str
) -> None:
    songs = tmp_path / "songs"
    songs.mkdir()
    (songs / "a.musicxml").write_text(TUNE)
    (songs / "b.xml").write_bytes(data.encode() if isinstance(data, str) else data)
    began_s = time.process_time()
    (refusal,) = prepare(songs, tmp_path / "data")
    assert time.process_time() - began_s < 30
    assert isinstance(refusal, Refusal)
    assert refusal.path == songs / "b.xml"
    assert reason in refusal.reason
    assert refusal.reason.startswith(f"{songs / 'b.xml'}: ")


def test_bars_whose_divisions_do_not_go_together_are_refused() -> None:
    primes = (999_999_937, 999_999_929, 999_999_893)
    bars = [f"<attributes><divisions>{prime}</divisions></attributes>" + note("C4", 1) for prime in primes]
    with pytest.raises(musicxml.MusicXmlError, match="do not go together"):
        line(*bars)
