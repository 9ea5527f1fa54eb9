"""`meloformer doctor`: what of this machine MeloFormer can use, and what to do about the rest."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from meloformer.presets import DEFAULT, SHIPPED
from meloformer.scripts.checkup import Finding, midi, osc, preset, system
from meloformer.scripts.options import PresetOption, PresetsOption


class UnwellError(Exception):
    """Something without which there is no music does not work here."""


def doctor(name: PresetOption = DEFAULT, presets: PresetsOption = SHIPPED) -> None:
    """Look at MIDI, OSC, the device and the speed of the preset, and give advice."""
    wrong = []
    for finding in chain(system(), midi(), osc(), preset(name, presets)):
        print(line(finding), flush=True)
        if finding.mark == "!!":
            wrong.append(finding)
    if broken := [finding for finding in wrong if finding.vital]:
        raise UnwellError("; ".join(f"{finding.said}: {finding.advice}" for finding in broken))
    print(verdict(wrong))


def verdict(wrong: Sequence[Finding]) -> str:
    """How the bridge can start beside what is wrong, and what it will not do."""
    options = "".join(f" {finding.option}" for finding in wrong if finding.option)
    limits = "; ".join(finding.limit for finding in wrong if finding.limit)
    can_start = f"`meloformer bridge{options}` can start"
    if not wrong:
        return f"all well: {can_start}"
    return f"{can_start}; {limits}" if limits else can_start


def line(finding: Finding) -> str:
    """A finding as it is printed, with its advice on a line of its own where there is need of it."""
    said = f"{finding.mark:3}{finding.what:8}{finding.said}"
    return f"{said}\n{'':11}{finding.advice}" if finding.mark == "!!" else said
