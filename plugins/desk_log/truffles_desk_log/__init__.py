"""A desk of last resort: handovers in the log, managers' replies over HTTP."""
