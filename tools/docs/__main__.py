"""``python -m tools.docs``: write every generated page, and say which ones changed."""

from __future__ import annotations

import sys

from tools.docs.pages import DOCS, pages


def main() -> int:
    for name, text in pages().items():
        path = DOCS / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
