"""Calculators: each function writes one whole, for the build and, translated, for the browser."""
