"""Answers with the best-matching fact as it stands, without any model."""
