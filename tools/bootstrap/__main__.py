"""``python3 -m tools.bootstrap {demo,test} COMMAND ...``: make ``.venv`` ready, then run COMMAND.

Standard library only, since it runs before anything is installed. This file must be readable to
any Python 3, so that too old a one gets a sentence and not a syntax error.
"""

import sys


def main() -> int:
    """Prepare the environment named on the command line and become the command after it."""
    if sys.version_info < (3, 10):
        found = "{}.{}".format(*sys.version_info[:2])
        print(
            f"lfm_ros needs Python 3.10 or newer, but {sys.executable} is Python {found}. "
            "Install one and name it: make PYTHON=python3.11 ...",
            file=sys.stderr,
        )
        return 1
    from tools.bootstrap.prepare import become, prepare
    from tools.bootstrap.report import Stop

    level, command = sys.argv[1], sys.argv[2:]
    try:
        become(command, prepare(level))
    except Stop as stop:
        print(f"lfm_ros: {stop}", file=sys.stderr)
    except OSError as error:
        print(f"lfm_ros: cannot prepare .venv: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nlfm_ros: interrupted; the next run goes on from here.", file=sys.stderr)
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main())
