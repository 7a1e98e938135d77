"""Databases that models run on."""
