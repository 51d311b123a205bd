"""The only place that knows SQL. Everything above speaks in the values of `messages` and of this package's records."""
