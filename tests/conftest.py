"""What every test shares: programs and extras a test needs, and how long Hypothesis may take."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import PackageNotFoundError, version

import hypothesis
import pytest

# No deadline: a shared core can be slow at any moment, and that is no claim about the code.
# In CI the examples are the same in every run, so that a failure there is one that everybody can repeat.
in_ci = os.environ.get("CI") == "true"
hypothesis.settings.register_profile("steady", deadline=None, derandomize=in_ci)
hypothesis.settings.load_profile("steady")


def is_package(name: str) -> bool:
    """Whether it is no program but a Python package that is installed."""
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Honour `@pytest.mark.needs("pd", "jackd")`: a skip with its reason, or with CI=true a failure."""
    names = [name for mark in item.iter_markers("needs") for name in mark.args]
    missing = [name for name in names if shutil.which(name) is None and not is_package(name)]
    if not missing:
        return
    reason = f"{', '.join(missing)} not installed (scripts/test does it where apt-get and root are there)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
