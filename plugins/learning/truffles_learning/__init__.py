"""Turns a manager's reply into knowledge that the owner approves."""
