"""MusicXML files, plain or packed (.mxl), to what a MIDI file of the same music would give.

What a player does with a page is done here: parts keep their instruments, repeats are played, ties are one
note, a pickup bar is as long as it is. What is not is said in NORMALISATIONS. A file is hostile until read: a
document with declarations of its own is refused, so that no entity is ever expanded, and nothing is fetched.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from fractions import Fraction
from itertools import chain
from xml.etree import ElementTree
from xml.parsers import expat

from symusic.core import NoteTick, ScoreTick, TempoTick, TimeSignatureTick, TrackTick

from meloformer.model.midi import MAX_BARS, SHORTEST_BAR_TICKS
from meloformer.model.score import Meter
from meloformer.model.vocabulary import DRUMS, TICKS_PER_QUARTER
from meloformer.training.archives import bounded
from meloformer.training.notated import Bar, Played, Struck, parts_of
from meloformer.training.playing_order import merged, playing_order

NORMALISATIONS = (
    "repeats, endings, da capo, dal segno, coda and fine are played where bar lines and <sound> tell of them",
    "a bar is as long as what stands in it (rests make none longer than its meter), an empty one as that",
    "grace notes and cue notes are left out, and so are ornaments, arpeggios, slides and swing",
    "where no <midi-program> is written the program is 0; dynamics go to velocities by one table",
    "an unpitched note is the drum that its instrument names, or that its place on a drum set's staff means; "
    "any other is left out",
    "quarter tones go to the nearest key",
)
FILE_TICKS_PER_QUARTER = 10_080  # 2^5 * 3^2 * 5 * 7: no tuplet in use is rounded
MOST_QUARTERS = 2**31 // FILE_TICKS_PER_QUARTER - 1
CONTAINER = "META-INF/container.xml"
PACKING_DAMAGE = (zipfile.BadZipFile, zlib.error, KeyError, RuntimeError, NotImplementedError, EOFError)


class MusicXmlError(ValueError):
    """A MusicXML file cannot be read; the message names the file, the reason and the way out."""


def parse(data: bytes, name: str, most_notes: int) -> ScoreTick:
    """The bytes of a MusicXML file as symusic's own, as played; `name` is what errors call it.

    Raises MusicXmlError, also where more than `most_notes` are played.
    """
    root = _root(_unpacked(data, name) if data[:2] == b"PK" else data, name)
    if root.tag != "score-partwise":
        said = "its bars are not in parts" if root.tag == "score-timewise" else "it is no MusicXML score"
        raise MusicXmlError(f"{name}: {said} (it begins with <{root.tag[:40]}>); export it as MusicXML again")
    try:
        parts = parts_of(root)
    except (ValueError, ArithmeticError) as error:
        raise MusicXmlError(f"{name}: a number in it makes no sense ({error}); export it again") from None
    order = playing_order(merged([[bar.marks for bar in part] for part in parts]), MAX_BARS)
    if len(order) > MAX_BARS:
        raise MusicXmlError(f"{name}: it plays more than {MAX_BARS} bars; cut it into pieces")
    if (notes := sum(len(part[at].notes) for part in parts for at in order if at < len(part))) > most_notes:
        raise MusicXmlError(f"{name}: {notes} notes are more than {most_notes}; cut it into pieces")
    return _performed(parts, order, name)


def _unpacked(data: bytes, name: str) -> bytes:
    """The score in a .mxl archive: the first file that its container names. Raises TooLargeError as well."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            container = _root(bounded(packed.open(CONTAINER)), name)
            path = next((file.get("full-path", "") for file in container.iter() if _is_rootfile(file)), "")
            return bounded(packed.open(path))
    except PACKING_DAMAGE as error:
        raise MusicXmlError(f"{name}: it cannot be unpacked ({error}); export it again") from None


def _is_rootfile(element: ElementTree.Element) -> bool:
    return element.tag.rpartition("}")[2] == "rootfile"


def _root(document: bytes, name: str) -> ElementTree.Element:
    """The document as a tree, after its beginning has been looked at."""
    try:
        _refuse_declarations(document, name)
        return ElementTree.fromstring(document)
    except MusicXmlError:
        raise
    except (expat.ExpatError, ElementTree.ParseError, ValueError, LookupError) as error:
        raise MusicXmlError(f"{name}: the XML is damaged ({error}); export it again") from None


class _BegunError(Exception):
    """The first element has come: nothing can be declared any more."""


def _refuse_declarations(document: bytes, name: str) -> None:
    """Entities and default values could make a gigabyte of a line; real scores declare nothing inside."""

    def doctype(_name: str, _system: str | None, _public: str | None, has_declarations: int) -> None:
        if has_declarations:
            raise MusicXmlError(
                f"{name}: it declares entities of its own, which are not read; export it again"
            )

    def begun(_name: str, _attributes: object) -> None:
        raise _BegunError

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = begun
    try:
        parser.Parse(document, True)
    except _BegunError:
        return


def _performed(parts: Sequence[Sequence[Bar]], order: Sequence[int], name: str) -> ScoreTick:
    raw = ScoreTick(FILE_TICKS_PER_QUARTER)
    players = [Played() for _ in parts]
    at = Fraction(0)
    for number in order:
        together = [part[number] for part in parts if number < len(part)]
        length = max(bar.length for bar in together) or max(bar.written for bar in together)
        if at + length > MOST_QUARTERS:
            raise MusicXmlError(f"{name}: it lasts more than {MOST_QUARTERS} quarters; cut it into pieces")
        raw.time_signatures.append(TimeSignatureTick(_ticks(at), *_meter(length, together[0].meter)))
        for part, player in zip(parts, players, strict=True):
            if number < len(part):
                player.play(part[number], at)
        for inside, qpm in chain.from_iterable(bar.tempos for bar in together):
            raw.tempos.append(TempoTick(_ticks(at + inside), qpm))
        at += length
    _add_tracks(raw, [note for player in players for note in player.notes])
    return raw


def _ticks(quarters: Fraction) -> int:
    return round(quarters * FILE_TICKS_PER_QUARTER)


def _meter(length: Fraction, written: Meter) -> Meter:
    """The written meter where the bar is as long as that; of a shorter or longer bar, what tells its length.

    The next bar begins where it begins: what a meter cannot say is cut there.
    """
    if length == Fraction(4 * written.numerator, written.denominator):
        return written
    for denominator in (written.denominator, 4, 8, 16, 32):
        beats = length * denominator / 4
        if beats.denominator == 1 and 1 <= beats <= 32:
            return Meter(int(beats), denominator)
    return Meter(max(1, min(127, round(length * TICKS_PER_QUARTER / SHORTEST_BAR_TICKS))), 32)


def _add_tracks(raw: ScoreTick, notes: Sequence[Struck]) -> None:
    for instrument in sorted({note.instrument for note in notes}):
        track = TrackTick("", instrument % DRUMS, instrument == DRUMS)
        for note in (one for one in notes if one.instrument == instrument):
            start = _ticks(note.start)
            track.notes.append(NoteTick(start, max(1, _ticks(note.end) - start), note.pitch, note.velocity))
        raw.tracks.append(track)
