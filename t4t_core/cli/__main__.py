"""`python -m t4t_core.cli` is `t4t`."""

from t4t_core.cli import main

main()
