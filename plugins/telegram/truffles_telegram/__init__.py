"""Telegram: the managers' desk and a customer channel."""
