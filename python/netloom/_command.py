"""The ``netloom`` command, which comes with the package."""

from __future__ import annotations

import sys


def main() -> int:
    """Do what the command line says; the value is the code to leave with."""
    from netloom import _core

    try:
        return _core.run(["netloom", *sys.argv[1:]])
    except KeyboardInterrupt:
        # 128 and the number of the signal, as shells have it.
        return 130


if __name__ == "__main__":
    sys.exit(main())
