"""A preset file to a Preset, or to an error that a musician can act on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from meloformer.presets.controls import CONTROLS
from meloformer.presets.document import MAX_BYTES, UnreadableError, parse
from meloformer.presets.errors import BrokenPresetError, Mistake, PresetError, PresetNotFoundError
from meloformer.presets.fields import Fault, Steps, nearest
from meloformer.presets.parts import DRUMS, OCTAVE, Part, natural_role
from meloformer.presets.preset import (
    Answer,
    ControlSettings,
    Listen,
    MidiMapping,
    MidiOutput,
    Preset,
    SamplingSettings,
)
from meloformer.presets.shape import FORMAT, LOOKAHEAD, NAME_PATTERN, OF_A_PART, PRESET

SUFFIX: Final = ".yaml"

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
UPGRADES: Final[Mapping[int, Upgrade]] = {}  # the number of an older format -> what makes the next one of it


def read(file: Path) -> Preset:
    """The preset in a file; raises BrokenPresetError with all its mistakes, PresetError for no such file."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise PresetError(
            f"{file} cannot be read ({error.strerror}); a preset that is in use stays."
        ) from error
    return parsed(raw, file)


def parsed(raw: bytes, file: Path) -> Preset:
    """The preset that these bytes would be as `file`; raises BrokenPresetError with all its mistakes."""
    try:
        document = parse(raw)
    except UnreadableError as error:
        raise BrokenPresetError(file, [error.mistake]) from error
    data = upgraded(document.data)
    faults = [*_newer(data)] or [*PRESET.faults(data, ())] or [*_contradictions(data, file)]
    if faults:
        mistakes = [
            Mistake(document.line_of(one.steps), _dotted(one.steps), one.problem, one.allowed)
            for one in faults
        ]
        raise BrokenPresetError(file, mistakes)
    return _built(PRESET.completed(data), file.parent)


def find(name: str, folder: Path) -> Path:
    """The file of the preset called `name`; raises PresetNotFoundError, which says what there is."""
    known = names(folder)
    if name in known:
        return folder / f"{name}{SUFFIX}"
    there = f"there are: {', '.join(known)}" if known else "there are none"
    raise PresetNotFoundError(f"no preset {name!r:.80} in {folder}; {there}{nearest(name, known)}")


def names(folder: Path) -> list[str]:
    """The names of the presets in a folder, sorted; no file is opened, so broken ones are among them."""
    found = (name_of(file) for file in folder.glob(f"*{SUFFIX}") if file.is_file())
    return sorted(name for name in found if name)


def name_of(file: Path) -> str | None:
    """The name of the preset that a path stands for, or None for a path that cannot be a preset's."""
    return file.stem if file.suffix == SUFFIX and re.search(NAME_PATTERN, file.stem) else None


def upgraded(data: Any, upgrades: Mapping[int, Upgrade] = UPGRADES, newest: int = FORMAT) -> Any:
    """A document of an older format as one of the newest; anything else as it is."""
    number = _format_of(data)
    while number is not None and number < newest and number in upgrades:
        data = upgrades[number](data)
        number = _format_of(data)
    return data


def _format_of(data: Any) -> int | None:
    number = data.get("format") if isinstance(data, dict) else None
    return number if type(number) is int else None  # True is no number here


def _newer(data: Any) -> Iterator[Fault]:
    """A file from the future gets one message, not one for every field that this version does not know."""
    number = _format_of(data)
    if number is not None and number > FORMAT:
        yield Fault(
            ("format",), f"{number} is newer than this MeloFormer", f"up to {FORMAT}; update MeloFormer"
        )


def _contradictions(data: Mapping[str, Any], file: Path) -> Iterator[Fault]:
    """What is wrong between fields, or between the file and its folder; each field alone is fine."""
    if data["name"] != file.stem:
        way_out = f"{file.stem}, or another name for the file"
        yield Fault(("name",), f"{data['name']!r} is not the name of the file", way_out)
    if not (file.parent / data["weights"]).is_file():
        way_out = "the path of a file that is there, from this file's folder"
        yield Fault(("weights",), f"there is no file {data['weights']!r}", way_out)
    for name, value in data.get("controls", {}).items():
        if not CONTROLS[name].allows(value):
            yield Fault(("controls", name), f"{value} is not allowed", CONTROLS[name].allowed)
    answer = data.get("answer", {})
    lookahead = answer.get("lookahead", LOOKAHEAD)
    if answer.get("commit", 0) > lookahead:
        way_out = f"at most the lookahead, which is {lookahead:g}"
        yield Fault(("answer", "commit"), f"{answer['commit']:g} is not allowed", way_out)
    for index, part in enumerate(data.get("parts", [])):
        yield from _part_contradictions(part, ("parts", index))
        yield from _channel_contradictions(part, data["parts"][:index], ("parts", index))
    for index, mapping in enumerate(data.get("midi_map", [])):
        yield from _mapping_contradictions(mapping, ("midi_map", index))


def _part_contradictions(part: Mapping[str, Any], steps: Steps) -> Iterator[Fault]:
    low, high = part.get("range", (0, 127))
    if high - low + 1 < OCTAVE:
        allowed = f"the lower pitch first, and at least {OCTAVE} keys"
        yield Fault((*steps, "range"), f"[{low}, {high}] is too small", allowed)
    is_drums = part["program"] == "drums"
    if "role" in part and (part["role"] == "drums") != is_drums:
        allowed = "drums" if is_drums else "any other role, or program: drums"
        yield Fault((*steps, "role"), f"{part['role']} does not go with program {part['program']}", allowed)


def _channel_contradictions(
    part: Mapping[str, Any], before: list[Mapping[str, Any]], steps: Steps
) -> Iterator[Fault]:
    """What a part says of its channel must be possible, and no other than what a part before it says."""
    for name in OF_A_PART:
        if name not in part:
            continue
        others = [other[name] for other in before if other["channel"] == part["channel"] and name in other]
        if any(other != part[name] for other in others):
            allowed = f"{others[0]}, as another part on channel {part['channel']} says"
            yield Fault((*steps, name), f"{part[name]} is not allowed", allowed)
        elif not CONTROLS[name].allows(_setting(part[name])):
            yield Fault((*steps, name), f"{part[name]} is not allowed", CONTROLS[name].allowed)


def _mapping_contradictions(mapping: Mapping[str, Any], steps: Steps) -> Iterator[Fault]:
    control = CONTROLS.get(mapping.get("control", ""))
    if control and "program" in mapping:
        yield Fault(
            (*steps, "program"), "a program change has no value to turn a control by", "an action, or a cc"
        )
    if "channel" in mapping and not (control and control.per_channel):
        yield Fault((*steps, "channel"), "this is the same for all channels", "only beside a control of each")
    for end in ("low", "high"):
        if end in mapping and not control:
            yield Fault((*steps, end), "an action has no range", "low and high only beside a control")
        elif control and end in mapping and not control.allows(mapping[end]):
            yield Fault(
                (*steps, end), f"{mapping[end]} is not allowed", f"{control.allowed} for {control.name}"
            )


def _built(said: Mapping[str, Any], folder: Path) -> Preset:
    listen = said["listen"]
    return Preset(
        name=said["name"],
        description=said["description"],
        weights=(folder / said["weights"]).absolute(),
        sampling=SamplingSettings(**said["sampling"]),
        controls=ControlSettings(**{name: _setting(each) for name, each in said["controls"].items()}),
        parts=tuple(_part(part) for part in said["parts"]),
        channel_controls={
            (name, part["channel"]): _setting(part[name])
            for part in said["parts"]
            for name in OF_A_PART
            if part[name] is not None
        },
        midi_map=tuple(MidiMapping(**mapping) for mapping in said["midi_map"]),
        listen=Listen(listen["end"], listen["silence"], listen["bars"], listen["tempo"]),
        answer=_answer(said["answer"]),
        feedback=said["feedback"],
        midi_out=MidiOutput(**said["midi_out"]),
    )


def _answer(said: Mapping[str, Any]) -> Answer:
    lookahead, commit = said["lookahead"], said["commit"]
    ahead = lookahead if commit is None else commit
    return Answer(said["bars"], said["quantise"], lookahead, ahead, said["late"], said["interrupt"])


def _setting(said: Any) -> Any:
    """A control's starting value; a list in the file is a range."""
    return tuple(said) if isinstance(said, list) else said


def _part(said: Mapping[str, Any]) -> Part:
    instrument = DRUMS if said["program"] == "drums" else said["program"]
    low, high = said["range"]
    return Part(said["channel"], instrument, said["role"] or natural_role(instrument), low, high)


def _dotted(steps: Steps) -> str:
    """`("parts", 0, "channel")` as a message shows it: parts[1].channel, counted as people count."""
    text = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".")
