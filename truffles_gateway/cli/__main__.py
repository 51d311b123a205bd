"""`python -m truffles_gateway.cli`."""

from truffles_gateway.cli import main

main()
