"""Deciding what a run does. Pure: the same input gives the same plan."""
