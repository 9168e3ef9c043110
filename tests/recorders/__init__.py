"""One module per topic; each builds the real thing with a real library and counts it.

A topic module has a constant `PACKAGES`, the packages whose versions matter, and a function
`count(setup)`, which gives what the libraries count for the `inputs` of a record, as plain data:
dicts, lists, strings, numbers, booleans and `None`. Some have `more(listed)`: what to count that no
record asks for yet.
"""
