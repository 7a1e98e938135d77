"""One measurement in a process of its own, so that its memory is its own.

Prints one JSON object. Run by `run.py`; the arguments are a verb and what it needs.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import workload


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def source(file: str, rows: str) -> dict[str, object]:
    """Makes a database with the source alone."""
    with duckdb.connect(file) as connection:
        connection.execute("CREATE SCHEMA bench")
        connection.execute(workload.source_sql(int(rows)))
    return {}


def prepare(file: str, case: str, rows: str, run: str) -> dict[str, object]:
    """Puts a run's delta into the source."""
    with duckdb.connect(file) as connection:
        connection.execute(workload.CASES[case].delta(int(rows), int(run)))
        connection.execute("CHECKPOINT")
    return {}


def hand(file: str, case: str, rows: str) -> dict[str, object]:
    """Applies the delta by hand-written SQL."""
    others = {other.name: other for some in workload.OTHERS.values() for other in some}
    by_hand = (others.get(case) or workload.CASES[case]).by_hand
    with duckdb.connect(file) as connection:
        connection.execute(f"SELECT count(*) FROM {workload.TARGET}").fetchall()
        connection.execute(workload.CREATE_LEDGER)
        clock, processors = workload.taken(lambda: by_hand(connection, int(rows)))
        return {"clock": clock, "processors": processors, "peak_mb": _peak_mb()}


def t4t(folder: str, first: str = "") -> dict[str, object]:
    """Applies the delta by a run of the model; the first one makes the table."""
    from t4t_core.planning.request import Request
    from t4t_core.project.load import load_project
    from t4t_core.running.open_session import open_session

    project = load_project(Path(folder))
    model = project.graph.node("bench.target")
    reports = []
    with open_session(project) as session:
        if not first:
            count = f"SELECT count(*) FROM {workload.TARGET}"
            session.warehouse.connection.execute(count).fetchall()
        clock, processors = workload.taken(lambda: reports.append(session.run(model, Request())))
        peak = _peak_mb()
    report = reports[0]
    if report.status != "success" or (report.mode == "full") != bool(first):
        raise SystemExit(f"{report.status}, {report.mode}: {report.error or report.reason}")
    return {"clock": clock, "processors": processors, "peak_mb": peak}


def content(file: str) -> dict[str, object]:
    """The number of the table's rows, and a sum over them that tells tables apart."""
    with duckdb.connect(file, read_only=True) as connection:
        check = f"sum(hash({workload.COLUMNS})::HUGEINT)::VARCHAR"
        found = connection.execute(f"SELECT count(*), {check} FROM {workload.TARGET}").fetchall()
    return {"content": list(found[0])}


def overhead(folder: str, kind: str, count: str, runs: str) -> dict[str, object]:
    """Seconds of loading a project, and of each run of its trivial models and of their raw SQL."""
    import trivial

    return trivial.measure(Path(folder), kind, int(count), int(runs))


def loading(folder: str, kind: str, count: str, runs: str) -> dict[str, object]:
    """Seconds of loading with nothing kept, all kept and one changed, and those of the floor."""
    import loading

    return loading.measure(Path(folder), kind, int(count), int(runs))


def nothing_to_do(folder: str, runs: str) -> dict[str, object]:
    """Seconds of runs of a project in which nothing has changed."""
    import nothing_to_do

    return nothing_to_do.alone(Path(folder), int(runs))


VERBS: dict[str, Callable[..., dict[str, object]]] = {
    verb.__name__: verb
    for verb in (source, prepare, hand, t4t, content, overhead, loading, nothing_to_do)
}

if __name__ == "__main__":
    print(json.dumps(VERBS[sys.argv[1]](*sys.argv[2:])))
