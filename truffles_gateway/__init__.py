"""The host of Truffles Gateway: accepts, orders, decides through plugins, delivers. Knows no channel and no model."""

__version__ = "0.1.0"
