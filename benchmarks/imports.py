"""The time of `import webtoonfaces`, as a ratio to `import numpy` in the same run: python benchmarks/imports.py"""

from __future__ import annotations

import statistics
import subprocess
import sys

ROUNDS = 9
CODE = "from time import perf_counter as now; start = now(); import {}; print(now() - start)"


def seconds(module: str) -> float:
    run = subprocess.run([sys.executable, "-c", CODE.format(module)], capture_output=True, text=True, check=True)
    return float(run.stdout)


if __name__ == "__main__":
    # Alternately, so that other load of the machine affects both.
    pairs = [(seconds("webtoonfaces"), seconds("numpy")) for _ in range(ROUNDS)]
    ours, numpy = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"import webtoonfaces {ours * 1000:.0f} ms, numpy {numpy * 1000:.0f} ms: {ours / numpy:.2f} of it")
