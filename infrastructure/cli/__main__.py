"""`python -m infrastructure.cli`: what `diboas` starts its children with."""

import sys

from infrastructure.cli.main import main

sys.exit(main())
