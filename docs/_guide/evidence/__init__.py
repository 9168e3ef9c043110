"""The evidence: what others print and count, beside what the formulas give for the same inputs.

Everything here reads `tests/published/` and `tests/libraries/`, where the numbers of others stand.
The tests assert what the pages show, from the same objects.
"""
