"""What is remembered between runs: the ledger, and its readable copy."""
