"""What users write, as pydantic checks it; what it says is a value of `t4t_core.config`."""
