"""An example or two of every command, as its help shows them; a test holds that the commands take them."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "": ("slkd-bench run -m identity -m prenet -d rain1400", "slkd-bench table III"),
    "run": (
        "slkd-bench run -m prenet -m restormer -d rain1400",
        "slkd-bench run -m mynet=models:MyNet --weights best.pth --multiple 4 -d sidd",
        "slkd-bench run -m mynet -d data/rainy --protocol rain13k-y --task deraining",
    ),
    "score": (
        "slkd-bench score restored/gopro --name theirs -d gopro --scale paper",
        "slkd-bench score restored -d data/rainy --protocol all",
    ),
    "profile": (
        "slkd-bench profile prenet restormer --scale paper",
        "slkd-bench profile mynet --device cpu --save --out runs",
    ),
    "check": (
        "slkd-bench check init -m mynet=models.mynet:MyNet -d sidd --out reference",
        "slkd-bench check --reference reference --junit check.xml",
        "slkd-bench check --reference reference --accept mynet",
    ),
    "table": (
        "slkd-bench table III --scale paper",
        "slkd-bench table own -m mynet -m prenet -d rain1400 --metric psnr,params",
    ),
    "figure": (
        "slkd-bench figure own -m mynet -m prenet -d rain1400 --format pdf",
        "slkd-bench figure pareto -m mynet -m prenet -d rain1400 --width column",
    ),
    "report": ("slkd-bench report --to report.html", "slkd-bench report --only own --only prenet --latex report.tex"),
    "compare": ("slkd-bench compare prenet mynet", "slkd-bench compare prenet mynet -d rainy --json"),
    "worst": ("slkd-bench worst mynet -n 3",),
    "list": ("slkd-bench list methods", "slkd-bench list protocols --json"),
    "verdict": (
        "slkd-bench verdict III --scale paper",
        "slkd-bench verdict text",
        "slkd-bench verdict --csv -o all.csv",
    ),
    "audit": ("slkd-bench audit paper", "slkd-bench audit complexity"),
    "audit paper": ("slkd-bench audit paper", "slkd-bench audit paper restormer --markdown"),
    "audit complexity": ("slkd-bench audit complexity",),
    "identify": ("slkd-bench identify 34.18/0.944", "slkd-bench identify 34.18/0.944 --dataset rain1400"),
    "claims": ("slkd-bench claims papers", "slkd-bench claims list III"),
    "claims papers": ("slkd-bench claims papers",),
    "claims list": ("slkd-bench claims list III", "slkd-bench claims list text --json"),
    "claims validate": ("slkd-bench claims validate", "slkd-bench claims validate path/to/paper"),
    "train": (
        "slkd-bench train prenet --task deraining --iterations 200",
        "slkd-bench train prenet --scale paper --data data/rain13k --device cuda",
    ),
    "ablate": ("slkd-bench ablate table-iv --iterations 300", "slkd-bench ablate --list"),
    "study": ("slkd-bench study list", "slkd-bench study plan mini-deraining"),
    "study list": ("slkd-bench study list",),
    "study plan": ("slkd-bench study plan mini-deraining",),
    "study run": ("slkd-bench study run mini-deraining --jobs 2", "slkd-bench study run my-study.toml --shard 1/4"),
    "study status": ("slkd-bench study status mini-deraining",),
    "study report": ("slkd-bench study report mini-deraining --markdown",),
    "study merge": ("slkd-bench study merge machine-1 machine-2 --into studies/whole",),
    "inspect": ("slkd-bench inspect --signal", "slkd-bench inspect --signal --reading all --json"),
    "data": ("slkd-bench data list", "slkd-bench data verify data/rainy"),
    "data list": ("slkd-bench data list",),
    "data where": ("slkd-bench data where gopro",),
    "data new": ("slkd-bench data new data/rainy --task deraining --protocol rain13k-y",),
    "data fetch": ("slkd-bench data fetch rain100l",),
    "data verify": ("slkd-bench data verify gopro", "slkd-bench data verify data/rainy --sums rainy.sha256"),
    "data prepare": (
        "slkd-bench data prepare mini-train --out data/mini-train",
        "slkd-bench data prepare sidd-medium --out data/patches --patch 512",
    ),
    "data show": ("slkd-bench data show rain1400 --out pairs.png",),
    "weights": ("slkd-bench weights list", "slkd-bench weights fetch prenet"),
    "weights import": (
        "slkd-bench weights import restormer deraining.pth --task deraining",
        "slkd-bench weights import prenet rain100l.pth --for rain100l",
    ),
    "weights fetch": ("slkd-bench weights fetch restormer --task deraining",),
    "weights list": ("slkd-bench weights list --scale paper",),
    "weights verify": ("slkd-bench weights verify",),
    "status": ("slkd-bench status --out runs",),
    "merge": ("slkd-bench merge machine-1/runs machine-2/runs --into runs",),
}
"""By the words that call a command; the program's own stand under none."""
