"""A contract of import-linter: packages form no circle, also not a package with those inside it.

`python -m tests.lint.packages` counts packages and their imports, as docs/decisions/0001-layers.md has them.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import Any

from grimp import ImportGraph, build_graph
from importlinter import Contract, ContractCheck, output


def imports_between(graph: ImportGraph) -> dict[str, set[tuple[str, str]]]:
    """Return for each package the pairs of its modules and the modules of other packages that they import.

    A module belongs to the package of its folder; a package stands apart from those inside it.
    """
    folders = {module: module if graph.find_children(module) else module.rpartition(".")[0] for module in graph.modules}
    pairs: dict[str, set[tuple[str, str]]] = {package: set() for package in folders.values()}
    for module, package in folders.items():
        imported = graph.find_modules_directly_imported_by(module)
        pairs[package] |= {(module, other) for other in imported if folders[other] != package}
    return pairs


def packages_between(graph: ImportGraph) -> dict[str, set[str]]:
    """Return for each package the other packages that it imports."""
    return {
        package: {other if graph.find_children(other) else other.rpartition(".")[0] for _, other in pairs}
        for package, pairs in imports_between(graph).items()
    }


class AcyclicPackages(Contract):
    """Packages can be sorted by their imports."""

    type_name = "acyclic_packages"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Sort the packages by what they import."""
        imported = packages_between(graph)
        output.verbose_print(verbose, f"Sorting {len(imported)} packages.")
        try:
            TopologicalSorter(imported).prepare()
        except CycleError as problem:
            return ContractCheck(kept=False, metadata={"circle": problem.args[1]})
        return ContractCheck(kept=True)

    def render_broken_contract(self, check: Any) -> None:
        """Print the packages of a circle, each importing the next."""
        output.print_error(" <- ".join(check.metadata["circle"]))


if __name__ == "__main__":
    deploy = build_graph("deploy")
    print(
        f"{len(packages_between(deploy))} packages,"
        f" {sum(map(len, packages_between(deploy).values()))} pairs of packages,"
        f" {sum(map(len, imports_between(deploy).values()))} pairs of modules"
    )
