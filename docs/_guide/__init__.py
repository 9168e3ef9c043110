"""The Python that turns the formulas of `dlp` into pages."""
