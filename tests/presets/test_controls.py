"""The table of live controls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.presets.controls import CC_TOP, CONTROLS, Control

controls = pytest.mark.parametrize("control", CONTROLS.values(), ids=list(CONTROLS))


@controls
def test_a_control_starts_inside_its_range(control: Control) -> None:
    assert control.allows(control.default)


@controls
def test_a_control_allows_its_ends_and_nothing_beyond(control: Control) -> None:
    assert control.allows(control.low) and control.allows(control.high)
    assert not control.allows(control.low - 0.01) and not control.allows(control.high + 0.01)


@controls
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), True])
def test_no_control_allows_what_is_no_number(control: Control, value: float) -> None:
    assert not control.allows(value)


@controls
def test_a_knob_reaches_both_ends_of_its_control(control: Control) -> None:
    assert control.from_cc(0) == control.low
    assert control.from_cc(CC_TOP) == control.high


@given(st.sampled_from(list(CONTROLS.values())), st.integers(0, CC_TOP), st.data())
def test_a_knob_never_leaves_the_range_of_its_control(
    control: Control, position: int, data: st.DataObject
) -> None:
    end = st.floats(control.low, control.high)
    assert control.allows(control.from_cc(position, data.draw(end), data.draw(end)))


def test_a_knob_whose_low_end_is_the_higher_one_works_the_other_way_round() -> None:
    temperature = CONTROLS["temperature"]
    assert temperature.from_cc(0, low=1.5, high=0.5) == 1.5
    assert temperature.from_cc(CC_TOP, low=1.5, high=0.5) == 0.5


def test_no_two_controls_share_a_controller_or_a_place_in_the_preset() -> None:
    numbers = [control.cc for control in CONTROLS.values() if control.cc is not None]
    assert len(set(numbers)) == len(numbers)
    assert len({control.home for control in CONTROLS.values()}) == len(CONTROLS)


def test_presets_and_model_agree_on_how_notes_are_chosen_by_default() -> None:
    from meloformer.model.sampling import Sampling  # here, for it brings torch along

    usual = Sampling()
    for name in ("temperature", "top_p", "min_p", "memory"):
        assert getattr(usual, name) == CONTROLS[name].default
