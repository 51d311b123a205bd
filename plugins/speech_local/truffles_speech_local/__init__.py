"""Voice notes become text on this machine, with models that the operator supplies."""
