#!/usr/bin/env python3
"""What came of `make bench-peers`, as tables: peers_report.py FOLDER section|readme|json

FOLDER has what peers.sh measured, in lines of tab-separated values:
    about       date, machine, versions, versions of the peers, and rounds, seconds and load of the run, a line each
    peers       name and title
    row_titles  letter of the row on Unix sockets, its letter over TCP, title
    figures     row, peer, and COLUMNS of one measurement
    skipped     sentences
    syscalls    row, and CALLS of each request; there may be none
"""

import json
import statistics
import sys
from pathlib import Path

CALLS = ("read", "write", "wait", "accept4", "epoll_ctl", "close", "other", "all")
COLUMNS = ("cpu", "rate", "p50", "p99", "p99.9", "generator")


class Results:
    """Medians by row and peer."""

    def __init__(self, folder):
        def lines(name):
            path = Path(folder, name)
            return [line.split("\t") for line in path.read_text().splitlines()] if path.exists() else []

        self.about = ["\t".join(line) for line in lines("about")]
        self.titles = dict(lines("peers"))
        self.row_titles = lines("row_titles")
        self.skipped = [line[0] for line in lines("skipped")]
        self.syscalls = lines("syscalls")
        samples = {}
        for row, peer, *figures in lines("figures"):
            for column, figure in zip(COLUMNS, figures):
                samples.setdefault((row, peer), {}).setdefault(column, []).append(float(figure))
        self.medians = {
            key: {column: statistics.median(values) for column, values in columns.items()}
            for key, columns in samples.items()
        }

    def figure(self, row, peer, column):
        return self.medians.get((row, peer), {}).get(column)

    def ratio(self, row, peer):
        """CPU time a request, relative to the bare echo's."""
        ours, bare = self.figure(row, peer, "cpu"), self.figure(row, "echo", "cpu")
        return ours / bare if ours and bare else None

    def rows(self, transport):
        """Letters and titles of the rows that were measured, of transport 0 (Unix) or 1 (TCP)."""
        measured = {row for row, _ in self.medians}
        return [(line[transport], line[2]) for line in self.row_titles if line[transport] in measured]

    @property
    def transports(self):
        return [(index, name) for index, name in enumerate(("Unix socket", "TCP, loopback")) if self.rows(index)]


def short(value):
    """Three digits that say something."""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def rate(value):
    return f"{value / 1e6:.2f} M" if value >= 1e6 else f"{value / 1e3:.0f} k" if value >= 1e4 else f"{value / 1e3:.1f} k"


def table(header, rows):
    """A table of Markdown that can also be read as it is."""
    lines = [header] + rows
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines]
    return "\n".join([text[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|"] + text[1:]) + "\n"


def figures(results, transport, name, cell):
    """One table: a line a peer, a column a row, `cell` of row and peer in it."""
    rows = results.rows(transport)
    lines = [
        [title] + [cell(row, peer) if results.figure(row, peer, "cpu") is not None else "-" for row, _ in rows]
        for peer, title in results.titles.items()
    ]
    return table([name] + [title for _, title in rows], lines)


def cpu_table(results, transport, name):
    def cell(row, peer):
        ratio = results.ratio(row, peer)
        return short(results.figure(row, peer, "cpu")) + (f" ({ratio:.2f})" if ratio and peer != "echo" else "")

    return figures(results, transport, name, cell)


def section(results):
    """A section of RESULTS.md."""
    date, machine, versions, peers, run = results.about
    rounds, seconds, load = run.split("\t")
    text = f"## {date}, peers\n\n{machine}.\n{versions}.\n{peers}.\n"
    text += f"Medians of {rounds} rounds of {seconds} s. Load average at the start: {load}.\n"
    text += "".join(f"Skipped: {line.removeprefix('skipped: ')}.\n" for line in results.skipped)
    text += "\nServer CPU time, µs a request (times that of the bare C epoll echo):\n"
    for transport, name in results.transports:
        text += "\n" + cpu_table(results, transport, name)
    text += "\nRequests a second:\n"
    for transport, name in results.transports:
        text += "\n" + figures(results, transport, name, lambda row, peer: rate(results.figure(row, peer, "rate")))
    text += "\nLatency, µs: p50 / p99 / p99.9:\n"
    for transport, name in results.transports:
        text += "\n" + figures(
            results, transport, name,
            lambda row, peer: " / ".join(short(results.figure(row, peer, key)) for key in ("p50", "p99", "p99.9")))
    text += "\nThe generator's own CPU time, µs a request; where it is more than the server's, the rate is the generator's:\n"
    for transport, name in results.transports:
        text += "\n" + figures(results, transport, name, lambda row, peer: short(results.figure(row, peer, "generator")))
    return text + syscalls(results)


def syscalls(results):
    """What strace counted, if it did."""
    text = "\nSystem calls of fastdaemon, a request:\n" if results.syscalls else ""
    for transport, name in results.transports:
        titles = {line[transport]: line[2] for line in results.row_titles}
        lines = [
            [titles[row]] + [f"{float(count):.3f}" for count in counts]
            for row, *counts in results.syscalls if row in titles
        ]
        if lines:
            text += "\n" + table([name, *CALLS], lines)
    return text


def readme(results):
    """What stands between the marks of the README."""
    date, machine, versions, peers, _ = results.about
    text = "![CPU time a request of each server, relative to a bare epoll echo in C](Tests/Benchmarks/peers.svg)\n\n"
    text += cpu_table(results, 0, "Unix socket")
    return text + f"\n{date}, {machine}; {versions}; {peers}.\n"


def as_json(results):
    date, machine, versions, peers, run = results.about
    rounds, seconds, load = run.split("\t")
    names = {line[transport]: (line[2], name) for line in results.row_titles
             for transport, name in enumerate(("unix", "tcp"))}
    return json.dumps({
        "date": date, "machine": machine, "versions": versions, "peers": peers,
        "rounds": int(rounds), "seconds": float(seconds), "load": float(load), "skipped": results.skipped,
        "figures": [
            {"row": row, "title": names[row][0], "transport": names[row][1], "peer": peer,
             "ratio": results.ratio(row, peer), **medians}
            for (row, peer), medians in sorted(results.medians.items())
        ],
        "syscalls": [
            {"row": row, **{name: float(count) for name, count in zip(CALLS, counts)}} for row, *counts in results.syscalls
        ],
    }, indent=1) + "\n"


if __name__ == "__main__":
    forms = {"section": section, "readme": readme, "json": as_json}
    sys.stdout.write(forms[sys.argv[2]](Results(sys.argv[1])))
