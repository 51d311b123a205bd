"""What a message wants, learnt from examples: heard where no rule and no everyday phrase reads it."""
