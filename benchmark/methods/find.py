"""From a name to a method: registered, a variant, a plug-in, or somebody's own. Importing this module does not import torch."""

from __future__ import annotations

from benchmark.core.errors import UnknownName
from benchmark.methods import outside
from benchmark.methods.catalogue import own_rows, registered
from benchmark.methods.method import Method
from benchmark.methods.own import OwnNetwork
from benchmark.methods.variants import varied


def get_method(name: str, own: OwnNetwork | None = None) -> Method:
    """The method called `name` (case does not matter; a student alone means the student as its paper trains it), or one
    from outside: `package.module:factory`, `net.onnx`, or the name of a plug-in. `NAME@alpha2=0.5` is a variant
    (`benchmark.methods.variants`). `own` says how one from outside is built.

    Raises UnknownName with the nearest names, or BadMethod for an outside method that cannot be found.
    """

    if outside.is_target(name):
        given = outside.find(name, own)
        if given is not None:
            return given
    wanted, separator, changes = name.lower().partition("@")
    known = registered()
    if separator and wanted:
        return varied(get_method(wanted), changes)
    wanted = name.lower()
    wanted = wanted if wanted in known else own_rows().get(wanted, wanted)
    if wanted in known:
        return known[wanted]
    found = outside.find(name, own)
    if found is None:
        raise UnknownName("method", name, [*known, *outside.plug_ins()])
    return found


def row_method(name: str) -> Method:
    """The method of a result file: a built-in one, or an outside one, which need not be installed."""

    built_in = registered().get(name)
    if built_in is None and name.partition("@")[0] in registered():
        return get_method(name)
    return built_in or outside.row(name)
