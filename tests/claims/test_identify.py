"""Numbers are traced to what was published."""

import pytest
from typer import Typer
from typer.testing import CliRunner

from benchmark.claims.identify import identify, published
from benchmark.cli.identify import register
from benchmark.core.errors import UnknownName
from benchmark.datasets import dataset_ids
from benchmark.protocols import protocol_ids

app = Typer(pretty_exceptions_enable=False)
register(app)
app.command("other")(lambda: None)  # a lone command would not be named


def test_the_papers_rain1400_is_test2800() -> None:
    first, *others = identify(34.18, 0.944, "rain1400")
    assert not others
    assert (first.published.method, first.published.dataset) == ("Restormer", "test2800")
    assert first.published.protocol == "rain13k-y"
    assert first.elsewhere
    assert "Test2800, not Rain1400" in first.sentence
    assert "Table II, column Rain1400" in first.sentence


@pytest.mark.parametrize(("psnr", "ssim", "method"), [(31.75, 0.916, "PReNet"), (33.64, 0.938, "MPRNet")])
def test_the_same_of_its_neighbours(psnr: float, ssim: float, method: str) -> None:
    match = identify(psnr, ssim, "mini-rain1400")[0]
    assert (match.published.method, match.published.dataset) == (method, "test2800")


def test_the_real_rain1400_is_itself() -> None:
    match = identify(34.20, 0.9571, "rain1400")[0]
    assert (match.published.dataset, match.published.protocol) == ("rain1400", "ddn-y")
    assert not match.elsewhere
    assert identify(34.20, 0.957)[0].published == match.published  # printed with one digit less


def test_every_published_number_finds_itself() -> None:
    cells = published()
    assert len(cells) >= 90
    for cell in cells:
        assert cell in [match.published for match in identify(cell.psnr, cell.ssim, cell.dataset)]


def test_the_record_names_known_protocols_and_sets() -> None:
    sets = {*dataset_ids(), "did", "sidd-benchmark"}
    for cell in published():
        assert cell.protocol is None or cell.protocol in protocol_ids()
        assert cell.dataset in sets
        assert 20 < cell.psnr < 50
        assert cell.ssim is None or 0.8 < cell.ssim < 1


def test_half_a_digit_is_the_limit() -> None:
    assert identify(34.1849, 0.9444)
    assert not identify(34.19, 0.944)
    assert not identify(34.18, 0.945)
    assert not identify(12.34)


def test_the_claimed_set_comes_first() -> None:
    found = identify(31.95)
    assert {match.published.dataset for match in found} == {"test1200"}
    twice = [cell for cell in published() if cell.dataset != "sidd"]
    for cell in twice:
        assert not identify(cell.psnr, cell.ssim, cell.dataset)[0].elsewhere


def test_an_unknown_set_is_an_error() -> None:
    with pytest.raises(UnknownName, match="rain1400"):
        identify(34.18, 0.944, "rain140")


@pytest.mark.parametrize("number", ["34.18/0.944", "34.18/.944", "34.18 dB / 0.944"])
def test_command(number: str) -> None:
    done = CliRunner().invoke(app, ["identify", number, "--dataset", "rain1400"])
    assert done.exit_code == 0, done.output
    assert "Test2800" in done.output
    assert "rain13k-y" in done.output
    assert max(map(len, done.output.splitlines())) <= 80


def test_command_without_a_match() -> None:
    done = CliRunner().invoke(app, ["identify", "12.34"])
    assert done.exit_code == 1
    assert "no published result" in done.output


def test_command_with_what_is_no_number() -> None:
    done = CliRunner().invoke(app, ["identify", "[bold]x"])
    assert "34.18/0.944" in str(done.exception)
