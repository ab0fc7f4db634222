from __future__ import annotations

import pytest

from benchmark.core.mathematics import html, plain


@pytest.mark.parametrize(
    ("text", "bare", "page"),
    [
        ("clean + $L_{NC}$", "clean + L_NC", "clean + <i>L</i><sub>NC</sub>"),
        (r"$\alpha_1 = .5$ & 3", "α_1 = .5 & 3", "<i>α</i><sub>1</sub> = .5 &amp; 3"),
        (r"$\input{x}$ and $L_{ET}$", r"$\input{x}$ and L_ET", r"$\input{x}$ and <i>L</i><sub>ET</sub>"),
        ("between 5$ and 6$", "between 5$ and 6$", "between 5$ and 6$"),
        ("a_b <c>", "a_b <c>", "a_b &lt;c&gt;"),
    ],
)
def test_only_small_mathematics_is_set_and_all_else_is_text(text: str, bare: str, page: str) -> None:
    assert plain(text) == bare
    assert html(text) == page
