"""The parts of the simulator: what groups show, what the Bot API answers, how it fails on demand."""
