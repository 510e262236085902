"""What a command line says of judging: a contest, or a judge by its name."""

from __future__ import annotations

import argparse

from core.registry import JUDGES


def add_judging_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --contest and --judge."""
    parser.add_argument("--contest", help="a file of configs/contests: it names the judge and its headline rule")
    names = JUDGES.names()
    parser.add_argument(
        "--judge",
        type=JUDGES.checked,  # which names the nearest one, as argparse does not
        choices=names,
        metavar="NAME",
        help=f"how answers are judged: {', '.join(names)}; default: as the contest or run says, else by the questions",
    )
