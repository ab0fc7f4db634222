"""`python -m benchmark` is `slkd-bench`."""

from benchmark.cli import main

if __name__ == "__main__":
    main()
