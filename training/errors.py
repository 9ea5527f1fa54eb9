"""What can go wrong in training, as one family; every message ends with the way out."""

from __future__ import annotations


class TrainingError(Exception):
    """Training cannot do what was asked."""


class StoreError(TrainingError):
    """There is no data set to read there, or no room for one."""


class ChoraleError(TrainingError):
    """A file does not hold chorales as the public one does."""


class RecipeError(TrainingError):
    """Numbers of a run that do not go together."""


class RunError(TrainingError):
    """A run's folder or checkpoint cannot be used."""


class PublishError(TrainingError):
    """A run cannot become a preset of that name."""


class StoppedError(TrainingError):
    """Somebody asked the run to stop; it can go on later."""
