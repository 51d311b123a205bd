"""A text channel, as small as one can be."""
