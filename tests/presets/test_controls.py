"""The table of live controls."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.model.harmony import ROOTS, SCALES, SUFFIXES, progression, scale
from meloformer.model.limits import GRIDS
from meloformer.presets.control import CC_TOP, Control
from meloformer.presets.controls import CONTROLS
from meloformer.presets.preset import ControlSettings
from meloformer.presets.words import instruments

KNOBS = {name: control for name, control in CONTROLS.items() if control.turns}
RANGES = {name: control for name, control in CONTROLS.items() if control.kind == "range"}
TEXTS = {name: control for name, control in CONTROLS.items() if control.kind == "text"}
controls = pytest.mark.parametrize("control", CONTROLS.values(), ids=list(CONTROLS))
knobs = pytest.mark.parametrize("control", KNOBS.values(), ids=list(KNOBS))
ranges = pytest.mark.parametrize("control", RANGES.values(), ids=list(RANGES))


@controls
def test_a_control_starts_inside_its_range(control: Control) -> None:
    assert control.allows(control.default)


@knobs
def test_a_control_allows_its_ends_and_nothing_beyond(control: Control) -> None:
    assert control.allows(control.low) and control.allows(control.high)
    assert not control.allows(control.low - 0.01) and not control.allows(control.high + 0.01)


@controls
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), True])
def test_no_control_allows_what_is_no_number(control: Control, value: float) -> None:
    assert not control.allows(value)


@knobs
def test_a_knob_reaches_both_ends_of_its_control(control: Control) -> None:
    assert control.from_cc(0) == control.low
    assert control.from_cc(CC_TOP) == control.high


@given(st.sampled_from(list(KNOBS.values())), st.integers(0, CC_TOP), st.data())
def test_a_knob_never_leaves_the_range_of_its_control(
    control: Control, position: int, data: st.DataObject
) -> None:
    end = st.floats(control.low, control.high)
    assert control.allows(control.from_cc(position, data.draw(end), data.draw(end)))


def test_a_knob_whose_low_end_is_the_higher_one_works_the_other_way_round() -> None:
    temperature = CONTROLS["temperature"]
    assert temperature.from_cc(0, low=1.5, high=0.5) == 1.5
    assert temperature.from_cc(CC_TOP, low=1.5, high=0.5) == 0.5


@ranges
def test_a_range_has_its_lower_end_first(control: Control) -> None:
    low, high = int(control.low), int(control.high)
    assert control.allows((low, high)) and control.allows([low, low])
    for wrong in (
        (high, low),
        (low - 1, high),
        (low, high + 1),
        (low,),
        (low, high, high),
        (1.5, 2),
        low,
        "1-2",
    ):
        assert not control.allows(wrong)


@given(st.data(), st.sampled_from(list(TEXTS.values())))
def test_what_a_text_allows_the_model_can_read(data: st.DataObject, control: Control) -> None:
    said = data.draw(st.from_regex(control.pattern).filter(control.allows))
    if said not in ("free", "heard"):
        READERS[control.name](said)


READERS: dict[str, Callable[[str], object]] = {
    "scale": scale,
    "chords": progression,
    "grid": GRIDS.__getitem__,
    "programs": instruments,
}


def test_every_scale_and_chord_that_the_model_knows_can_be_said() -> None:
    assert all(CONTROLS["scale"].allows(f"{root} {kind}") for root in ROOTS for kind in SCALES)
    assert all(CONTROLS["chords"].allows(f"{root}{suffix} N") for root in ROOTS for suffix in SUFFIXES)
    assert all(CONTROLS["grid"].allows(grid) for grid in GRIDS)
    assert all(CONTROLS["programs"].allows(f"drums, {program}") for program in range(128))
    assert not CONTROLS["programs"].allows("128")


def test_a_preset_that_says_nothing_stands_where_the_table_does() -> None:
    usual = ControlSettings()
    for name, control in CONTROLS.items():
        if control.home == f"controls.{name}":
            assert getattr(usual, name) == control.default


def test_no_two_controls_share_a_controller_or_a_place_in_the_preset() -> None:
    numbers = [control.cc for control in CONTROLS.values() if control.cc is not None]
    assert len(set(numbers)) == len(numbers)
    assert len({control.home for control in CONTROLS.values()}) == len(CONTROLS)


def test_presets_and_model_agree_on_how_notes_are_chosen_by_default() -> None:
    from meloformer.model.sampling import Sampling  # here, for it brings torch along

    usual = Sampling()
    for name in ("temperature", "top_p", "min_p", "echo", "memory"):
        assert getattr(usual, name) == CONTROLS[name].default


@given(st.sampled_from(list(KNOBS.values())), st.integers(0, CC_TOP))
def test_a_knob_gives_a_control_of_whole_numbers_whole_numbers(control: Control, position: int) -> None:
    assert isinstance(control.from_cc(position), int) or not control.whole
