"""`python -m tokenworks` is the command line."""

from tokenworks.cli import main

raise SystemExit(main())
