"""`python -m truffles_gateway` is `truffles`."""

from truffles_gateway.cli import main

if __name__ == "__main__":
    main()
