"""Mutation testing: change the formulas in thousands of ways and see that a test notices."""
