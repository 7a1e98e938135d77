"""Seeds: data files of the project that become tables."""
