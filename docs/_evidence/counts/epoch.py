"""One whole epoch of a million samples: the claims of `updates`."""

from _evidence.counts.updates import claims

__all__ = ["claims"]
