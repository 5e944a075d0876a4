#!/usr/bin/env python3
"""Draws what came of `make bench-peers`: peers_plot.py FOLDER prints an SVG, whose folder peers_report.py describes.

A line a peer, a panel a row, on Unix sockets: a dot where the server's CPU time a request is, relative to the bare epoll echo in
C, on a logarithmic scale. The colours follow the reader's light or dark.
"""

import html
import math
import sys

from peers_report import Results

ROWS = "bcdf"
LABELS, PANEL, GAP, LINE, TOP, BOTTOM = 176, 158, 14, 28, 76, 34
FIRST = 0.8
STYLE = """
  text { font: 12px system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; fill: #1f2328 }
  .title { font-size: 14px; font-weight: 600 }
  .quiet { fill: #59636e }
  .small { font-size: 11px }
  .ours { font-weight: 600; fill: #0860ca }
  .grid { stroke: #d1d9e0 }
  .one { stroke: #59636e }
  .stem { stroke: #9aa4af; stroke-width: 2 }
  .dot { fill: #6e7781 }
  .stem.mark { stroke: #0969da }
  .dot.mark { fill: #0969da }
  .band { fill: #0969da; fill-opacity: 0.08 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9198a1 }
    .ours { fill: #58a6ff }
    .grid { stroke: #3d444d }
    .one { stroke: #9198a1 }
    .stem { stroke: #656c76 }
    .dot { fill: #9198a1 }
    .stem.mark { stroke: #58a6ff }
    .dot.mark { fill: #58a6ff }
    .band { fill: #58a6ff; fill-opacity: 0.12 }
  }
"""


def text(x, y, words, kind="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{html.escape(words)}</text>'


class Plot:
    def __init__(self, results):
        self.results = results
        self.peers = list(results.titles)
        self.rows = [(row, title) for row, title in results.rows(0) if row in ROWS]
        ratios = [results.ratio(row, peer) or 1 for row, _ in self.rows for peer in self.peers]
        self.last = 10 ** math.ceil(math.log10(max(ratios + [2]) * 1.05))
        self.width = LABELS + len(self.rows) * (PANEL + GAP)
        self.height = TOP + len(self.peers) * LINE + BOTTOM

    def x(self, panel, ratio):
        """Where a ratio stands in a panel."""
        share = math.log(max(ratio, FIRST) / FIRST) / math.log(self.last / FIRST)
        return LABELS + panel * (PANEL + GAP) + share * PANEL

    def y(self, line):
        return TOP + (line + 0.5) * LINE

    def frame(self):
        bottom = TOP + len(self.peers) * LINE
        yield text(0, 18, "Server CPU time a request, relative to a bare epoll echo in C", "title")
        yield text(0, 36, "Unix sockets, one core each, the same load generator; logarithmic, less is better", "quiet")
        if "fastdaemon" in self.peers:
            top = TOP + self.peers.index("fastdaemon") * LINE
            yield f'<rect class="band" x="0" y="{top}" width="{self.width}" height="{LINE}" rx="4"/>'
        for panel, (_, title) in enumerate(self.rows):
            yield text(self.x(panel, FIRST), TOP - 12, title, "small")
            tick = 1
            while tick <= self.last:
                x = self.x(panel, tick)
                kind = "one" if tick == 1 else "grid"
                yield f'<line class="{kind}" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}"/>'
                yield text(x, bottom + 18, f"{tick}×", "quiet small", "end" if tick == self.last else "middle")
                tick *= 10

    def marks(self):
        for line, peer in enumerate(self.peers):
            y, ours = self.y(line), peer == "fastdaemon"
            yield text(6, y + 4, self.results.titles[peer], "ours" if ours else "")
            for panel, (row, _) in enumerate(self.rows):
                ratio = self.results.ratio(row, peer)
                if ratio is None:
                    yield text(self.x(panel, 1) + 8, y + 4, "–", "quiet")
                    continue
                x, one, mark = self.x(panel, ratio), self.x(panel, 1), " mark" if ours else ""
                yield f'<line class="stem{mark}" x1="{one:.1f}" y1="{y}" x2="{x:.1f}" y2="{y}"/>'
                yield f'<circle class="dot{mark}" cx="{x:.1f}" cy="{y}" r="4.5"/>'
                words = "1" if peer == "echo" else f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"
                is_left = x > LABELS + panel * (PANEL + GAP) + PANEL - 40
                yield text(x + (-9 if is_left else 9), y + (-6 if is_left else 4), words, "ours" if ours else "quiet",
                           "end" if is_left else "start")

    def svg(self):
        size = f'width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n'
        head += f"<title>Server CPU time a request, relative to a bare epoll echo in C</title>\n<style>{STYLE}</style>\n"
        return head + "\n".join([*self.frame(), *self.marks()]) + "\n</svg>\n"


if __name__ == "__main__":
    sys.stdout.write(Plot(Results(sys.argv[1])).svg())
