"""Prints how long each network takes beside its plain form: `python -m speed.ratio [--size 256] [NETWORK...]`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from statistics import median
from time import perf_counter, process_time

import torch

from speed.pairs import TOLERANCE, disagreement, in_turn, networks, pair


def main(argv: Sequence[str] | None = None) -> None:
    """Measures, network by network, and prints a row as soon as it is known."""
    parser = argparse.ArgumentParser(prog="python -m speed.ratio", description=__doc__)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=f"of {', '.join(networks())}; default: all")
    parser.add_argument("--size", type=int, default=256, help="height and width in pixels (default 256)")
    parser.add_argument("--runs", type=int, default=5, help="timed passes of each form (default 5)")
    parser.add_argument("--scale", choices=("paper", "mini"), default="paper", help="configuration (default paper)")
    parser.add_argument("--threads", type=int, default=1, help="of the CPU (default 1)")
    parser.add_argument(
        "--clock", choices=("wall", "cpu"), default="wall", help="cpu counts this process's work: for a busy machine"
    )
    options = parser.parse_args(argv)
    if unknown := set(options.networks) - set(networks()):
        parser.error(f"unknown network {', '.join(sorted(unknown))}; choose from {', '.join(networks())}")
    torch.set_num_threads(options.threads)
    clock = process_time if options.clock == "cpu" else perf_counter
    print(
        f"{options.scale} scale, {options.size} x {options.size}, {options.threads} thread(s), {options.clock} clock, "
        f"medians of {options.runs} passes in turn, torch {torch.__version__}"
    )
    print("| network | ours [s] | plain [s] | ours / plain | largest difference |\n|---|---:|---:|---:|---:|")
    for name in options.networks or networks():
        ours, plain = pair(name, options.scale)
        image = torch.rand(1, 3, options.size, options.size, generator=torch.Generator().manual_seed(1))
        difference = disagreement(ours, plain, image)
        fast, slow = (median(times) for times in in_turn(ours, plain, image, options.runs, clock))
        wrong = " (NOT the same function)" if not difference <= TOLERANCE else ""
        print(f"| {name} | {fast:.4f} | {slow:.4f} | {fast / slow:.3f} | {difference:.1e}{wrong} |", flush=True)


if __name__ == "__main__":
    main()
