"""Whether the cells of a suite are those of a run: every solver on the same first instances, each of them once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .cell_checks import Identity, Place, shown
from .suite import Suite, suite_names


class Coverage:
    """Counts instances, cell by cell."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], dict[str, Counter[int]]] = defaultdict(
            lambda: defaultdict(Counter)
        )
        self._unread: set[tuple[str, str]] = set()

    def count(self, places: Iterable[Place], identities: Mapping[str, Identity]) -> None:
        """Count the instances of some cells; one without an identity cannot be read, which somebody else says."""
        for place in places:
            who = (place.suite, place.solver["name"])
            if place.key in identities:
                identity = identities[place.key]
                self._found[who][identity.scenario.id].update(identity.indices)
            else:
                self._unread.add(who)

    def faults(self, described: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
        """What is missing or there twice, after all cells of a manifest: sentences, with the solver's cells."""
        for suite, entry in described["suites"].items():
            scenarios = [scenario["id"] for scenario in entry["scenarios"]]
            for solver in entry["solvers"]:
                who = (suite, solver["name"])
                for fault in () if who in self._unread else _gaps(self._found[who], scenarios):
                    yield f"{suite}, {shown(solver['name'])}: {fault}", solver["cells"]


def _gaps(found: dict[str, Counter[int]], scenarios: list[str]) -> list[str]:
    """What is wrong with a solver's instances. Merged runs may be of different lengths, each from instance 0 on."""
    if not found:
        return ["it has no cells"]
    told = []
    most = max(max(counts) for counts in found.values()) + 1
    for scenario in scenarios:
        counts = found.get(scenario, Counter())
        twice = sorted(instance for instance, times in counts.items() if times > 1)
        missing = next((instance for instance in range(most) if instance not in counts), None)
        told += [f"{scenario}, instance {instance} is there more than once" for instance in twice[:3]]
        if missing is not None:
            told.append(f"{scenario}, instance {missing} is missing, but there are others up to {most - 1}")
    return told


def mislabelled(suite: str, entry: dict[str, Any]) -> list[str]:
    """What a manifest says of a suite that ships with this version, and is not so."""
    if suite not in suite_names() or (known := Suite.load(suite)).content_hash() != entry["hash"]:
        return []  # said elsewhere
    told = {name: (entry[name], getattr(known, name)) for name in ("title", "question")}
    if entry["preset"] in ("quick", "standard", "full"):
        told["number of instances"] = (entry["instances"], known.instances(entry["preset"]))
    return [
        f"{suite}: the {what} is {shown(given)} in the manifest, in the suite it is {shown(value)}"
        for what, (given, value) in told.items()
        if given != value
    ]
