"""The guide's own Python, translated at build, for pages that reckon anew: see README.md here."""
