"""One knob more in a preset's file, and not a comment less: the smallest change of its text that says it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import yaml

from meloformer.presets.errors import PresetError
from meloformer.presets.preset import DEFAULT_MIDI_MAP, MidiMapping
from meloformer.presets.reader import parsed

_WAY_OUT = "the knob works until the bridge ends; write it into midi_map by hand to keep it"
_FIELD = "midi_map"


def mapped(midi_map: Sequence[MidiMapping], mapping: MidiMapping) -> tuple[MidiMapping, ...]:
    """A midi_map with this controller: in the place of its older mapping, else at the end."""
    numbers = [each.cc for each in midi_map]
    if mapping.cc not in numbers:
        return (*midi_map, mapping)
    place = numbers.index(mapping.cc)
    return (*midi_map[:place], mapping, *midi_map[place + 1 :])


def keep(file: Path, mapping: MidiMapping) -> None:
    """Write a controller into a preset's file, wholly; or change nothing and raise PresetError."""
    try:
        before = file.read_bytes()
        after = with_mapping(before.decode(), mapping).encode()
        if parsed(after, file).midi_map != mapped(parsed(before, file).midi_map, mapping):
            raise PresetError(f"{file} is laid out in a way that cannot be added to; {_WAY_OUT}")
        _replace(file.resolve(), after)
    except OSError as error:
        raise PresetError(f"{file} cannot be written ({error.strerror}); {_WAY_OUT}") from error
    except UnicodeDecodeError as error:
        raise PresetError(f"{file} is not UTF-8 text; {_WAY_OUT}") from error


def with_mapping(text: str, mapping: MidiMapping) -> str:
    """The text of a sound preset file with this controller in its midi_map; all else stays as it is."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    rows = _rows(text)
    if rows is None:
        midi_map = mapped(DEFAULT_MIDI_MAP, mapping)
        lines = [f"{_FIELD}:", *(f"  - {_written(each)}" for each in midi_map), ""]
        return text + ("" if text.endswith("\n") else line_end) + line_end.join(lines)
    for row in rows.value:
        if _cc(row) == mapping.cc:
            return text[: row.start_mark.index] + _written(mapping) + text[_end(row) :]
    return _with_row(text, rows, _written(mapping), line_end)


def _rows(text: str) -> yaml.SequenceNode | None:
    """The list of midi_map in the text; None where it has none."""
    root = yaml.compose(text, yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode), "the text is a sound preset"
    found = [value for key, value in root.value if key.value == _FIELD]
    assert all(isinstance(value, yaml.SequenceNode) for value in found)
    return found[0] if found else None


def _with_row(text: str, rows: yaml.SequenceNode, row: str, line_end: str) -> str:
    """The text with one more row, in the way in which the list is written."""
    if not rows.value:
        return f"{text[: rows.start_mark.index]}[{row}]{text[rows.end_mark.index :]}"
    end = _end(rows.value[-1])
    if rows.flow_style:
        return f"{text[:end]}, {row}{text[end:]}"
    stop = text.find("\n", end)
    stop = len(text) if stop < 0 else stop - (len(line_end) - 1)
    return f"{text[:stop]}{line_end}{' ' * rows.start_mark.column}- {row}{text[stop:]}"


def _cc(row: yaml.MappingNode) -> int | None:
    return next((yaml.safe_load(value.value) for key, value in row.value if key.value == "cc"), None)


def _end(node: yaml.Node) -> int:
    """Where a node's text ends; a block's end mark stands only where the next thing begins."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        return _end(node.value[-1][1])
    return int(node.end_mark.index)


def _written(mapping: MidiMapping) -> str:
    said = {field.name: getattr(mapping, field.name) for field in fields(mapping)}
    return "{" + ", ".join(f"{name}: {value}" for name, value in said.items() if value is not None) + "}"


def _replace(file: Path, content: bytes) -> None:
    """Put the content in the file's place at once: a reader finds the old or the new, whole."""
    handle, beside = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(file, beside)
        os.replace(beside, file)
    finally:
        Path(beside).unlink(missing_ok=True)
