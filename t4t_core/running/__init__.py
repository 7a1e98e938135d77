"""Doing what was planned: one transaction a model, parents before children."""
