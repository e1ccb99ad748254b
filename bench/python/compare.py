"""Live models drawn by Netloom and by the tools beside it, in one run.

python bench/python/compare.py [--write] [--runs N]

Needs netloom (`pip install .`), torch, torchvision, transformers, keras, torchview, torchinfo,
visualkeras, pydot and Graphviz. `--write` puts the tables into docs/benchmarks.md, after the mark that
`cargo xtask bench --write` keeps.
"""

import argparse
import gc
import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import warnings
from pathlib import Path

import models
import tools

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
MARK = "<!-- bench/python/compare.py writes from here on -->"
PACKAGES = ("torch", "torchvision", "transformers", "keras", "torchview", "torchinfo", "visualkeras", "pydot")
GROUPS = {
    "torch": (models.TORCH, tools.TORCH),
    "summary": (models.TORCH, tools.SUMMARY),
    "keras": (models.KERAS, tools.KERAS),
}


def memory(field: str) -> float:
    """A field of this process's status, MB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1000


def processor() -> float:
    """Seconds of processor time of all threads and of programs that ended, such as `dot`."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def job(group: str, model: str, tool: str) -> None:
    """One tool on one model in this process: prints seconds and megabytes."""
    warnings.filterwarnings("ignore")
    made = next(m for m in GROUPS[group][0] if m.__name__ == model)()
    built, given = made if isinstance(made, tuple) else (made, None)
    steps = GROUPS[group][1][tool](built, given)
    gc.collect()
    resident = memory("VmRSS")
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")
    value, seconds = None, []
    for step in steps:
        start = processor()
        value = step(value)
        seconds.append(processor() - start)
    print(
        json.dumps(
            {
                "graph": sum(seconds[:-1]),
                "draw": seconds[-1],
                "extra": max(memory("VmHWM") - resident, 0),
                "bytes": len(value),
            }
        )
    )


def measured(group: str, model: str, tool: str, runs: int) -> dict | None:
    """The median of fresh processes; None where the tool fails."""
    rows = []
    for _ in range(runs):
        command = [sys.executable, __file__, "--job", group, model, tool]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env={**os.environ, "KERAS_BACKEND": os.environ.get("KERAS_BACKEND", "torch")},
        )
        if done.returncode:
            print(f"{model}: {tool} failed: {done.stderr.strip().splitlines()[-1][:200]}", file=sys.stderr)
            return None
        rows.append(json.loads(done.stdout.strip().splitlines()[-1]))
    found = {k: statistics.median(r[k] for r in rows) for k in rows[0]}
    found["total"] = statistics.median(r["graph"] + r["draw"] for r in rows)
    return found


def table(title: str, head: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown with columns of one width."""
    widths = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]

    def line(cells):
        return (
            "| "
            + " | ".join(c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths)))
            + " |"
        )

    rule = "| " + " | ".join("-" * w if i < 2 else "-" * (w - 1) + ":" for i, w in enumerate(widths)) + " |"
    return "\n".join([f"## {title}", "", line(head), rule, *map(line, rows)])


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"


def ratio(theirs: float, ours: float) -> str:
    return f"{theirs / ours:.3g}×"


def section(group: str, title: str, runs: int, only: list[str], against: dict[str, str]) -> str:
    """One table: every tool on every model, with ratios to the Netloom row it is named against."""
    rows = []
    for model in GROUPS[group][0]:
        if only and model.__name__ not in only:
            continue
        found = {tool: measured(group, model.__name__, tool, runs) for tool in GROUPS[group][1]}
        for tool, row in found.items():
            if row is None:
                rows.append([model.__name__, tool, "fails", "", "", "", "", "", ""])
                continue
            ours = found.get(against.get(tool, tool)) or row
            rows.append(
                [
                    model.__name__,
                    tool,
                    ms(row["graph"]),
                    ms(row["draw"]),
                    ratio(row["draw"], ours["draw"]),
                    ms(row["total"]),
                    ratio(row["total"], ours["total"]),
                    f"{row['extra']:.1f} MB",
                    f"{row['bytes'] / 1000:.0f} kB",
                ]
            )
            print(" ".join(rows[-1]), flush=True)
    return table(
        title, ["model", "tool", "graph", "drawing", "ratio", "total", "ratio", "peak", "output"], rows
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--job", nargs=3)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], help="names of models, where not all are wanted")
    options = parser.parse_args()
    if options.job:
        return job(*options.job)
    dot = subprocess.run(["dot", "-V"], capture_output=True, text=True).stderr.strip()
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in PACKAGES)
    parts = [
        MARK,
        f"# Live models, beside other tools\n\nWritten by `bench/python/compare.py --write`. Each row is the median of {options.runs} fresh processes in which framework and tool are imported and the model is "
        "built before the clock starts; times are processor time, user and system of all threads and of `dot`. *Graph* is from the live model to the tool's own graph (a forward pass on the processor for torchview and torchinfo), *drawing* from "
        "there to the bytes of a picture, SVG but for visualkeras, which has no graph and writes PNG. *Peak* is the memory the call takes beyond what was resident, without that of the process of `dot`. Ratios are to "
        f"the row of Netloom of the same kind.\n\nPython {platform.python_version()}, {versions}, {dot}. Load at the start: {os.getloadavg()[0]:.2f}.",
        section(
            "torch",
            "PyTorch: figures",
            options.runs,
            options.only,
            {"torchview": "netloom", "torchview, nested": "netloom, all open"},
        ),
        "*All open* and *nested* show every operator or module in its containers, with nothing folded.",
        section(
            "summary", "PyTorch: summaries", options.runs, options.only, {"torchinfo": "netloom summary"}
        ),
        section(
            "keras",
            "Keras: figures",
            options.runs,
            options.only,
            {"plot_model": "netloom", "visualkeras": "netloom"},
        ),
        "`plot_model` is `keras.utils.model_to_dot` and `dot`, with smooth edges where `dot` cannot route its own setting. visualkeras gets back the attribute that Keras 3 took from it.",
    ]
    text = "\n\n".join(parts) + "\n"
    if options.write:
        before = PAGE.read_text().split(MARK)[0].rstrip()
        PAGE.write_text(before + "\n\n" + text)
    else:
        print(text)


if __name__ == "__main__":
    main()
