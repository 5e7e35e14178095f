"""Write the pages that follow from the code: the architecture's picture and table, and the public names.

    python docs/generate.py           # write them
    python docs/generate.py --check   # only say which are out of date; the exit code is then 1

The code is read as text, so nothing of it needs to be installed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from generating import api, architecture

DOCS = Path(__file__).parent


def pages() -> dict[Path, str]:
    """Every generated page with the text that it should have."""
    about = DOCS / "architecture.md"
    return {
        DOCS / "architecture.svg": architecture.picture(),
        about: architecture.page(about.read_text(encoding="utf-8")),
        DOCS / "api.md": api.page(),
    }


def outdated() -> dict[Path, str]:
    """The pages that are missing or say something else than the code, with the text that they should have."""
    return {
        path: text for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def main() -> int:
    """Write or check; the exit code."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--check", action="store_true", help="write nothing")
    only_check = asked.parse_args().check
    found = outdated()
    for path, text in found.items():
        print(f"{path.name}: {'out of date' if only_check else 'written'}")
        if not only_check:
            path.write_text(text, encoding="utf-8")
    return 1 if found and only_check else 0


if __name__ == "__main__":
    sys.exit(main())
