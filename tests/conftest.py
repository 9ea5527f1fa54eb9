"""What every test shares: programs and extras a test needs, and how long Hypothesis may take."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import hypothesis
import pytest

import lossy

# No deadline: a shared core can be slow at any moment, and that is no claim about the code.
# In CI the examples are the same in every run, so that a failure there is one that everybody can repeat.
in_ci = os.environ.get("CI") == "true"
hypothesis.settings.register_profile("steady", deadline=None, derandomize=in_ci)
hypothesis.settings.load_profile("steady")


RIGHTS = {"network namespaces": lossy.can_be_made}


def is_there(name: str) -> bool:
    """Whether there is a right, a program or an installed Python package of this name."""
    if name in RIGHTS:
        return RIGHTS[name]()
    return shutil.which(name) is not None or is_package(name)


def is_package(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Honour `@pytest.mark.needs("pd", "jackd")`: a skip with its reason, or with CI=true a failure.

    `@pytest.mark.extra("ray")` names a module of an extra that is too heavy to be
    installed for every test: without it a skip, in CI too.
    """
    for mark in item.iter_markers("extra"):
        if find_spec(mark.args[0]) is None:
            pytest.skip(f"{mark.args[0]} is not installed; `pip install -e .[{mark.args[0]}]` brings it")
    needed = [name for mark in item.iter_markers("needs") for name in mark.args]
    missing = [name for name in needed if not is_there(name)]
    if not missing:
        return
    reason = (
        f"{', '.join(missing)} not here (scripts/test installs programs where apt-get and root are there)"
    )
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
