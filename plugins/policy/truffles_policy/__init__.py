"""Rules before any model: human request, frustration, opt-out, greeting and thanks."""
