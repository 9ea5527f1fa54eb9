"""One music file to one row, or to the reason why not. Worker processes run it: no torch, quick to start."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from symusic.core import ScoreTick

from meloformer.model import chords, midi
from meloformer.training import musicxml
from meloformer.training.archives import TooLargeError
from meloformer.training.rows import Piece, Row, row_of
from meloformer.training.sources import Content, Refusal, Source, is_midi, read_file, said

FILES_AT_ONCE = 16  # what a worker is handed at a time
MOST_NOTES = 2**18  # of one piece; the longest symphony has a third of that


def read_some(wanted: Sequence[Content]) -> list[Row | Refusal]:
    return [read_piece(*one) for one in wanted]


def read_piece(source: Source, content: bytes | Refusal | None = None) -> Row | Refusal:
    """One file as a row, or the reason why not; `content` is what is known of it already."""
    if isinstance(content, Refusal):
        return content
    path = source.path
    try:
        return row_of(_piece(source, read_file(path) if content is None else content))
    except (midi.MidiError, musicxml.MusicXmlError) as error:
        return Refusal(path, str(error))
    except TooLargeError as error:
        return Refusal(path, f"{path}: {error}; cut it into pieces")
    except OSError as error:
        return Refusal(path, f"{path}: {said(error)}; make it readable, or leave it out")
    except Exception as error:  # one strange file must not end the reading of thousands
        return Refusal(path, f"{path}: it cannot be read ({type(error).__name__}: {error}); export it again")


def _piece(source: Source, data: bytes) -> Piece:
    raw = _raw(source, data)
    score = midi.from_symusic(raw, str(source.path))
    sha256 = hashlib.sha256(data).hexdigest()
    return Piece(source.collection, source.name, score, tuple(chords.label(score)), source.label, sha256)


def _raw(source: Source, data: bytes) -> ScoreTick:
    """As symusic has it, in the file's own ticks, whatever kind of file it is."""
    name = str(source.path)
    if not is_midi(name):
        return musicxml.parse(data, name, MOST_NOTES)
    raw = midi.parse(data, name)
    if (notes := raw.note_num()) > MOST_NOTES:
        raise midi.MidiError(f"{name}: {notes} notes are more than {MOST_NOTES}; cut it into pieces")
    return raw
