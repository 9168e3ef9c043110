"""Evidence that each formula is algebra done right: properties, refusals, documentation."""
