"""Wishes for a time: what customers want, when, and in whose name. Nothing here promises anything."""
