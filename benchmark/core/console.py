"""Output that is never lost: what a terminal's or a file's encoding cannot show is replaced, letter by letter."""

from __future__ import annotations

import codecs
import sys

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\u2500\u2501\u2574\u2576\u2578\u257a", "-"),
        **dict.fromkeys("\u2502\u2503\u2575\u2577", "|"),
        **dict.fromkeys("\u250c\u2510\u2514\u2518\u251c\u2524\u252c\u2534\u253c\u2521\u2529\u2547", "+"),
        **dict.fromkeys("\u2018\u2019\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u2033", '"'),
        "\u00d7": "x",
        "\u00b7": ".",
        "\u2026": ".",
        "\u2022": "*",
        "\u00b1": "~",
        "\u2248": "~",
        "\u2264": "<",
        "\u2265": ">",
        "\u2190": "<",
        "\u2192": ">",
        "\u2191": "^",
        "\u2193": "v",
        "\u2713": "y",
        "\u2717": "n",
        "\u221a": "V",
        "\u03b1": "a",
        "\u03b2": "b",
        "\u03bb": "l",
        "\u03bc": "u",
        "\u03c3": "s",
        "\u00a0": " ",
    }
)
"""What stands for a sign in an encoding that has none: one letter for one, so that columns stay straight."""


def plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """A codec's error handler: the nearest plain sign, or a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    bad = error.object[error.start : error.end].translate(_PLAIN)
    return "".join(letter if letter.isascii() else "?" for letter in bad), error.end


def prepare_streams() -> None:
    """Makes standard output and error take any text: in utf-8, bytes of file names that are no letters become escapes."""
    codecs.register_error("plain", plain)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        whole = (stream.encoding or "").lower().replace("-", "").replace("_", "") in (
            "utf8",
            "utf16",
            "utf32",
            "cp65001",
        )
        reconfigure(errors="backslashreplace" if whole else "plain")
