"""A contract of import-linter: packages form no circle, also not a package with those inside it."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, output


class AcyclicPackages(Contract):
    """A module belongs to the package of its folder; a package stands apart from those inside it."""

    type_name = "acyclic_packages"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Sort the packages by what they import."""
        folders = {
            module: module if graph.find_children(module) else module.rpartition(".")[0] for module in graph.modules
        }
        imported: dict[str, set[str]] = {package: set() for package in folders.values()}
        for module, package in folders.items():
            imported[package] |= {folders[other] for other in graph.find_modules_directly_imported_by(module)} - {
                package
            }
        output.verbose_print(verbose, f"Sorting {len(imported)} packages.")
        try:
            TopologicalSorter(imported).prepare()
        except CycleError as problem:
            return ContractCheck(kept=False, metadata={"circle": problem.args[1]})
        return ContractCheck(kept=True)

    def render_broken_contract(self, check: Any) -> None:
        """Print the packages of a circle, each importing the next."""
        output.print_error(" <- ".join(check.metadata["circle"]))
