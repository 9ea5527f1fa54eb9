"""What a person runs."""

from meloformer.model.threads import use_one_thread

use_one_thread()  # here, for every verb imports numpy sooner or later
