"""Running data tests: in a build, and alone."""
