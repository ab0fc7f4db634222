"""`slkd-bench claims`, `slkd-bench verdict` and `slkd-bench audit`: what is printed, and whether it holds."""

from __future__ import annotations

from pathlib import Path

import typer

from benchmark.cli.options import AS_JSON, scale_option
from benchmark.core.types import Scale
from benchmark.papers.read import open_paper

_WHICH = "A paper of `claims papers`, or a folder; otherwise the default one."
_PAPER = typer.Argument("", help=_WHICH)


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    claims = typer.Typer(help="What publications claim, as data.", no_args_is_help=True)
    app.add_typer(claims, name="claims")
    audit = typer.Typer(help="Check what a paper prints.", no_args_is_help=True)
    app.add_typer(audit, name="audit")

    @claims.command()
    def papers(json: bool = AS_JSON) -> None:
        """List the papers that have a ledger."""
        from benchmark.views.verdicts.command import print_papers

        print_papers(json)

    @claims.command()
    def validate(paper: str = typer.Argument("", help="Only this paper; all otherwise.")) -> None:
        """Check every ledger; the first wrong entry is named with its file and field (exit code 2)."""
        from benchmark.views.verdicts.command import validate as run

        run(open_paper(paper) if paper else "")

    @claims.command("list")
    def list_(
        table: str = typer.Argument("all", help="A table of the paper, text (claims in words) or all."),
        paper: str = typer.Option("", help=_WHICH),
        json: bool = AS_JSON,
    ) -> None:
        """List every claim: as printed, the set it really is of, where it comes from."""
        from benchmark.views.verdicts.command import print_claims

        print_claims(table, open_paper(paper), json)

    @app.command()
    def verdict(
        table: str = typer.Argument("all", help="A table of the paper, text (claims in words) or all."),
        scale: Scale = scale_option(
            "mini: orderings alone, of the small study. paper: every claim of the paper itself."
        ),
        markdown: bool = typer.Option(False, "--markdown", help="GitHub markdown, one line a claim."),
        latex: bool = typer.Option(False, "--latex", help="LaTeX with booktabs and longtable, one line a claim."),
        html: bool = typer.Option(False, "--html", help="An HTML fragment, one line a claim."),
        csv: bool = typer.Option(False, "--csv", help="Comma-separated, unrounded, with reasons and commands."),
        json: bool = typer.Option(False, "--json", help="Everything of each claim and its verdict, for programs."),
        document: bool = typer.Option(False, "--document", help="With --latex: a whole article, ready to compile."),
        paper: str = typer.Option("", help=_WHICH),
        out: Path | None = typer.Option(None, help="The folder of result files; otherwise runs, then the reference."),
        save: Path | None = typer.Option(None, "--save", "-o", help="Write to this file instead of the terminal."),
    ) -> None:
        """Say of every claim whether it holds, from result files and records alone.

        At scale paper, of the paper's claim itself:

        [green]✓ reproduced[/]  A number: of imported weights to half of its last digit; of a
        network trained again inside the interval of one more training (three seeds
        or more), with no rival's number in it. An ordering: beyond chance (training
        seeds, scenes; Holm over its table) and at least .1 dB. A ratio: reached.

        [yellow]≈ close[/]  A number: within one unit of its last digit, or inside the interval
        together with a rival's; a count: within 0.05 %. An ordering: undecided.

        [red]✗ contradicted[/]  A number: further away. An ordering: reversed beyond
        chance and floor. A ratio: missed.

        At scale mini, of this suite's own small study, never counted with the above:
        [cyan]↑ agrees[/], [yellow]· undecided[/], [magenta]↓ disagrees[/], by the same rule for orderings, with
        the budget of the training and the reading that it is about.

        ? untestable  Nothing to measure it by is here, or a network is not better than
        its own input; the reason says what is missing, and a command how to get it.
        """
        from benchmark.views.verdicts.command import VerdictRequest, print_verdicts

        wanted = (("markdown", markdown), ("latex", latex), ("html", html), ("csv", csv), ("json", json))
        forms = tuple(name for name, on in wanted if on)
        print_verdicts(VerdictRequest(table, scale, open_paper(paper), forms, document, out, save))

    @audit.command()
    def complexity(
        paper: str = typer.Option("", help=_WHICH),
        save: bool = typer.Option(False, "--save", help="Record what was found; verdicts read it."),
        json: bool = AS_JSON,
    ) -> None:
        """A paper's complexity columns, printed and measured, with what explains a difference."""
        from benchmark.views.verdicts.complexity import audit_complexity

        raise typer.Exit(audit_complexity(save, open_paper(paper), json))

    @audit.command("paper")
    def paper_(
        paper: str = _PAPER,
        named: str = typer.Option("", "--paper", help="The same, as other commands take it."),
        markdown: bool = typer.Option(False, "--markdown", help="GitHub markdown."),
        json: bool = AS_JSON,
    ) -> None:
        """Read a paper's own numbers for slips: marks, tables that disagree, sets confused, controls missing."""
        from benchmark.views.verdicts.command import print_findings

        print_findings(open_paper(named or paper), markdown, json)
