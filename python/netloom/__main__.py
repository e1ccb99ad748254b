"""``python -m netloom`` is the ``netloom`` command."""

import sys

from netloom._command import main

sys.exit(main())
