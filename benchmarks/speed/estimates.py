"""How near the estimates of `ctxemb compare --dry-run` are: each step's estimate beside what it took.

    python benchmarks/speed/estimates.py quick SPEC.toml ...

The steps run one after the other, without a cache, as the estimates say.
"""

from __future__ import annotations

import sys
import time

from ctxemb.comparison import find_spec, read_spec
from ctxemb.comparison.compare import make_runner
from ctxemb.comparison.dry_run import plan_comparison


def main(names: list[str]) -> None:
    for name in names:
        spec = read_spec(find_spec(name))
        planned = plan_comparison(spec)
        runner = make_runner(spec)
        took = []
        for step, plan in zip(runner.steps(), planned, strict=True):
            started = time.perf_counter()
            step.run()
            took.append(time.perf_counter() - started)
            print(f"{plan.what}: estimated {plan.seconds:.1f} s, took {took[-1]:.1f} s", flush=True)
        said = sum(plan.seconds for plan in planned)
        print(f"{name}: estimated {said:.0f} s, took {sum(took):.0f} s: {said / sum(took):.2f} of it")


if __name__ == "__main__":
    main(sys.argv[1:] or ["quick"])
