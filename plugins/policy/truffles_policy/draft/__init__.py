"""A draft of a pack from documents: what can be placed is placed, what cannot is named, nothing is guessed."""
