"""What a study leaves to be read: its report, and the tables and verdicts of the paper that it is about."""

from __future__ import annotations

from pathlib import Path

from benchmark.core.errors import BadResult
from benchmark.core.files import write_atomically
from benchmark.runs.cells import cell_files
from benchmark.studies.plans.plan import Plan
from benchmark.studies.plans.report import report
from benchmark.studies.plans.trainings import Folder, weights_of
from benchmark.studies.plans.words import as_markdown
from benchmark.views.tables.command import TableRequest, print_tables
from benchmark.views.verdicts.command import VerdictRequest, print_verdicts


def write_views(plan: Plan, folder: Folder) -> list[Path]:
    """Writes report.md and, where anything is scored, what `plan.views` names, into the study's folder.

    Raises BadResult for a table that the paper has not, or for which nothing is scored.
    """
    written = [folder.root / "report.md"]
    write_atomically(written[0], as_markdown(report(plan, folder)))
    if next(iter(cell_files(folder.results)), None) is None:
        return written
    views, forms = plan.views, ("markdown",)
    with weights_of(folder):
        for name in views.tables:
            path = folder.root / f"table-{name.lower()}.md"
            request = TableRequest(forms=forms, scale=plan.scale, out=folder.results, paper=views.paper, save=path)
            print_tables(name, request)
            written.append(path)
        if views.verdict:
            path = folder.root / "verdict.md"
            print_verdicts(VerdictRequest("all", plan.scale, views.paper, forms, out=folder.results, save=path))
            written.append(path)
    missing = [path for path in written if not path.is_file()]
    if missing:
        raise BadResult("a table to write", f"nothing at {missing[0]}", "Correct [views] in the plan.")
    return written
