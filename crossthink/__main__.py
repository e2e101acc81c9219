"""`python -m crossthink` is the command line."""

from crossthink.cli import main

main()
