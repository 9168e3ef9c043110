"""The evidence: what others print and count, beside what the formulas give for the same inputs.

Numbers that somebody printed stand in `printed/`, those that a real library counted in `counted/`.
The tests assert what the pages show, from the same objects.
"""
