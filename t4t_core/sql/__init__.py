"""All use of sqlglot: reading a model's text and building statements from it."""
