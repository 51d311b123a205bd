"""A business's facts and rules in one typed file: what it is, what it offers, and what may be said of it."""
