"""Deciding what a run does: pure, but for `planned_model`, which reads what is decided from."""
