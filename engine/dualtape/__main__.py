"""``python -m dualtape``."""

from dualtape.cli import main

main()
