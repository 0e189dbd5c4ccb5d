"""`python -m medvid.cli` is the program `medvid`."""

from medvid.cli.root import main

main()
