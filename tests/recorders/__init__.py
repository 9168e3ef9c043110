"""One module per topic; each builds the real thing with a real library and counts it.

A topic module has a constant `PACKAGES`, the packages whose versions matter, and a function
`records()` that returns plain data: dicts, lists, strings, numbers, booleans and `None`.
"""
