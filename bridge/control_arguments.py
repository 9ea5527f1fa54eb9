"""What the OSC message of a live control carries, by the control's kind, and which setting that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meloformer.bridge.arguments import Argument, Says, Unfit, Value
from meloformer.bridge.errors import Code
from meloformer.presets.control import Control, Setting

_CHANNEL: Final = Argument(
    "channel", "i", Says("only this MIDI channel; left out: all", 1, 16), optional=True
)


def control_arguments(control: Control) -> tuple[Argument, ...]:
    """`[i channel]` where each channel has its own; then a number, two of them, or a text.

    A text may come as several values: patches split `Am F C G` at its spaces.
    """
    channel = (_CHANNEL,) if control.per_channel else ()
    if control.kind == "text":
        return (
            *channel,
            Argument("value", "*", Says(f"where it is to stand: {control.words}"), repeated=True),
        )
    if control.kind == "range":
        ends = (("low", "the lower end"), ("high", "the upper end"))
        spans = [(name, Says(text, control.low, control.high, control.unit)) for name, text in ends]
        return (*channel, *(Argument(name, "i", span) for name, span in spans))
    says = Says("where it is to stand", control.low, control.high, control.unit)
    return (*channel, Argument("value", "i" if control.whole else "f", says))


def setting_of(control: Control, values: Sequence[Value]) -> tuple[int | None, Setting]:
    """The channel (None: all) and the setting that checked values say; raises Unfit."""
    width = {"range": 2, "text": len(values)}.get(control.kind, 1)
    channel = int(values[0]) if len(values) > width else None
    said = values[len(values) - width :]
    if control.turns:
        return channel, said[0]
    if control.kind == "range":
        setting: Setting = (int(said[0]), int(said[1]))
    else:
        setting = " ".join(each if isinstance(each, str) else f"{each:g}" for each in said)
    if not control.allows(setting):
        code = Code.NOT_FOUND if control.kind == "text" else Code.OUT_OF_RANGE
        raise Unfit(code, f"{control.name} must be {control.allowed}, not {setting!r:.80}")
    return channel, setting
