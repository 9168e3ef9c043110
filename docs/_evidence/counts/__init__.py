"""What each record claims: a module for each topic, whose `claims` turns one record into claims.

A claim is exact unless it says why the formula is an approximation, and how far off it may be.
"""
