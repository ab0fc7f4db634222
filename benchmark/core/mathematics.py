r"""Titles and captions hold a little mathematics, `$L_{NC}$`: here it becomes plain text or HTML. LaTeX takes it as it is."""

from __future__ import annotations

import re

_SYMBOL = re.compile(r"\\?([A-Za-zα-ω]+)_(?:\{([^{}]+)\}|(\w))")
_GREEK = {"alpha": "α", "beta": "β", "lambda": "λ", "sigma": "σ", "times": "×"}
_COMMAND = re.compile(rf"\\({'|'.join(_GREEK)})(?![A-Za-z])")
_WORD = rf"(?:\\(?:{'|'.join(_GREEK)})|[A-Za-z]+)(?:_(?:\{{\w+\}}|\w))?"
_FORMULA = re.compile(
    rf"\$(?=\S)((?:{_WORD}|[\d\s+*/=.,-])+)(?<=\S)\$"
)  # what else stands between dollars is somebody's text


def plain(text: str) -> str:
    """The text without mathematics, for a terminal.

    >>> plain("clean + $L_{NC}$")
    'clean + L_NC'
    """
    return _FORMULA.sub(lambda formula: _SYMBOL.sub(_flat, _letters(formula[1])), text)


def html(text: str) -> str:
    """The text as HTML, all else in it escaped.

    >>> html("$L_{NC}$ < 1")
    '<i>L</i><sub>NC</sub> &lt; 1'
    """
    from html import escape

    pieces = _FORMULA.split(text)
    pieces[::2] = map(escape, pieces[::2])
    pieces[1::2] = [_SYMBOL.sub(_raised, escape(_letters(piece))) for piece in pieces[1::2]]
    return "".join(pieces)


def _letters(formula: str) -> str:
    return _COMMAND.sub(lambda command: _GREEK[command[1]], formula)


def _flat(symbol: re.Match[str]) -> str:
    return f"{symbol[1]}_{symbol[2] or symbol[3]}"


def _raised(symbol: re.Match[str]) -> str:
    return f"<i>{symbol[1]}</i><sub>{symbol[2] or symbol[3]}</sub>"
