"""The truth gate: what a customer asks is read whole, and answered from the pack where the pack answers all of it."""
