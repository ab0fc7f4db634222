"""Scoring protocols by id: exactly how PSNR and SSIM are computed on a data set.

Listing them imports neither torch nor numpy.
"""

from __future__ import annotations

from benchmark.core.errors import UnknownName
from benchmark.protocols.definition import Protocol
from benchmark.protocols.table import PROTOCOLS

__all__ = ["Protocol", "get_protocol", "protocol_ids", "without_protocol"]

_BY_ID = {protocol.id: protocol for protocol in PROTOCOLS}


def protocol_ids() -> list[str]:
    """The ids of all protocols, in the order of the table."""
    return list(_BY_ID)


def get_protocol(name: str) -> Protocol:
    """The protocol of that id; raises UnknownName, which offers the nearest ones."""
    try:
        return _BY_ID[name]
    except KeyError:
        raise UnknownName("protocol", name, _BY_ID) from None


def without_protocol(dataset: str) -> str:
    """The name of a data set in results without the protocol behind it: `set` of `set@rgb`, `x@2` of `x@2`."""
    name, _, last = dataset.rpartition("@")
    return name if name and last in _BY_ID else dataset
