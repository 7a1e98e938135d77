"""Functions of the project that models' SQL may call."""
