#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""report.py - for report.sh: makes results, and looks at the pages that gvt made of them.

  report.py make KIND             a result to stdout: one, before, after, hostile
  report.py wellformed PAGE       each tag is closed, each id unique, each link leads somewhere
  report.py alone PAGE            the page needs nothing but itself
  report.py has PAGE RESULT       names, claims, verdicts, reasons and labels are in the page
  report.py row PAGE TEXT         the first row of a table with TEXT in it: its cells
  report.py svg FILE...           well-formed, for themselves, as files
  report.py mutants RESULT DIR    results with one value each that is another one

What is wrong is printed; nothing is printed where all is well.
"""
import copy
import html.parser
import json
import pathlib
import re
import sys
import xml.etree.ElementTree

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(html.parser.HTMLParser):
    """Tags, texts and rows of a page."""

    def __init__(self, text):
        super().__init__()
        self.open, self.bad, self.ids, self.links, self.tags = [], [], [], [], []
        self.texts, self.rows = [], []
        self.feed(text)
        self.close()
        self.bad += [f"<{tag}> is not closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if attrs.get("href", "").startswith("#"):
            self.links.append(attrs["href"][1:])
        self.bad += [f"<{tag} {name}> is a script" for name in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.bad.append(f"</{tag}> ends what did not begin, line {self.getpos()[0]}")

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.texts.append(data)
        if self.open and ("td" in self.open or "th" in self.open) and self.rows:
            self.rows[-1][-1] += (" " if self.open[-1] == "small" else "") + data


def figure(metric, side, values):
    metric[side] = sorted(values)[len(values) // 2] if values else None
    metric["spread"][side] = [min(values), max(values)] if values else None


def metric(name, unit, label, **sides):
    m = {"name": name, "label": label, "unit": unit, "n": 1000, "unsure": False, "spread": {},
         "peers": {}}
    for side in ("thread", "goroutine"):
        figure(m, side, sides.pop(side, None))
    for peer, values in sides.items():
        figure(m, peer, values)
        m["peers"][peer] = m.pop(peer)
    m["ratio"] = m["thread"] / m["goroutine"] if m["thread"] and m["goroutine"] else None
    return m


def experiment(name, claim, metrics, verdict="holds", why="create_join_ns 400x; all counted",
               **more):
    return {"name": name, "claim": claim, "metrics": metrics, "verdict": verdict, "why": why,
            "params": {"n": 1000, "repetitions": 5, "procs": 2, "clock_ns": 20, "quick": True,
                       "pinned": False},
            "made": {"thread": 5000, "goroutine": 5001},
            "counters": {"thread": {"thread_creations": 5000, "run_ns": 12000000,
                                    "to_idle_switches": None},
                         "goroutine": {"thread_creations": 2, "run_ns": 1000000,
                                       "to_idle_switches": None}}, **more}


def result(*experiments):
    return {"version": 1, "host": {"kernel": "6.1.0", "cpus": 2, "virtual": "none",
                                   "counters": "gvt", "counters_note": ""},
            "experiments": list(experiments)}


def one():
    alive = [metric(f"alive_{10 ** k}_ns", "ns", f"each of {10 ** k:,} alive at once",
                    thread=[9000 * k, 10000 * k, 15000 * k] if k < 5 else None,
                    goroutine=[200 * k, 220 * k, 300 * k]) for k in range(1, 7)]
    alive.append(metric("max_alive", "count", "most alive at once within 3 s",
                        thread=[32000, 32000, 32001], goroutine=[10 ** 6] * 3))
    times = [metric(f"time_{n}_ns", "ns", f"all of the work on {n}", thread=[8e8 / n, 8.1e8 / n],
                    goroutine=[8e8 / n, 8.2e8 / n]) for n in (1, 2, 4)]
    timeline = {"name": "goroutines_2", "title": "4 goroutines on 2 Ps", "kind": "timeline",
                "unit_x": "ns", "unit_y": None, "dropped": 0,
                "rows": [{"track": f"P {k % 2}", "begin": 1000 * k, "end": 1000 * k + 900,
                          "what": "ABCD"[k % 4]} for k in range(12)]}
    histogram = {"name": "latency", "title": "Latency of a request", "kind": "histogram",
                 "unit_x": "ns", "unit_y": "count", "dropped": 0,
                 "rows": [{"side": side, "x": 1000 * 2 ** k, "y": y}
                          for side in ("thread", "goroutine") for k, y in enumerate((1, 9, 5, 2))]}
    return result(
        experiment("create", "Making a goroutine costs a hundredth of making a kernel thread", [
            metric("create_join_ns", "ns", "create and join, one at a time",
                   thread=[30000, 32000, 39000], goroutine=[72, 80, 110], go=[250, 260, 300]),
            metric("create_call_ns", "ns", "  the creating call alone", thread=[15000, 16000, 19000],
                   goroutine=[30, 32, 40])]),
        experiment("scale", "Many more goroutines than threads can be alive at once", alive,
                   why="max_alive 0.032x; threads: 32,000 alive, then Resource temporarily "
                       "unavailable (limit: kernel.pid_max = 32,768); goroutines: 50 alive "
                       "after the 1 s they were given"),
        experiment("race", "Unsynchronised writes are lost", [
            metric("lost_none", "count", "not synchronised: additions lost", thread=[7, 8, 9],
                   goroutine=[5, 6, 7]),
            metric("none_ns", "ns", "  each", thread=[4, 5, 6], goroutine=[2, 3, 4],
                   node=[7, 8, 9], other=[10, 11, 12], go=[3, 4, 5])]),
        experiment("gomaxprocs", "GOMAXPROCS decides how many CPUs goroutines use", times,
                   verdict="fails", why="speedup of the goroutine 1.1x, but expected at least 1.4x"),
        experiment("parallel", "Concurrency is not parallelism",
                   [metric("cpus_used", "factor", "CPUs that computed", thread=[1.9, 2.0, 2.0])],
                   verdict="not measured", why="cpus_used has no goroutine figure",
                   picture="  4 threads on 2 CPUs\n    thread 1 |AABB|", series=[timeline]),
        experiment("server", "A goroutine for each connection",
                   [metric("p50_10_ns", "ns", "  a request takes, the median",
                           thread=[20000, 21000, 22000], goroutine=[9000, 9100, 9500])],
                   series=[histogram]))


def pair(thread, goroutine, count):
    return result(experiment("create", "Making a goroutine costs a hundredth", [
        metric("a_ns", "ns", "clearly less", thread=thread, goroutine=[100, 100, 100]),
        metric("b_ns", "ns", "within", thread=[1000, 1000, 1000], goroutine=goroutine),
        metric("c", "count", "from nothing", thread=[count] * 3, goroutine=[7, 7, 7])]))


def hostile():
    bad = "<script>alert(1)</script>&\"'</style><img src=x onerror=alert(2)>"
    shell = "\"; system(\"touch pwned\"); print \"`touch pwned`"
    e = experiment(shell, bad, [
        metric("x_ns", "ns", bad, thread=[1, 2, 3], goroutine=[1, 2, 3]),
        metric(shell, "ns", shell + "\n\ttab\u0001 end", thread=[0, 0, 0], goroutine=[5, 6, 1e18]),
        metric("z", bad, "@^_{}~&", thread=[1, 1, 1])], why=bad + "; " + shell, picture=bad)
    e["metrics"][0]["peers"][bad] = 3
    e["counters"]["thread"][bad] = 9007199254740993
    e["params"][bad] = 3
    other = copy.deepcopy(e)
    other["name"] = "../../outside"
    made = result(e, other, copy.deepcopy(other))
    made["host"]["kernel"] = bad
    made["host"][bad] = bad
    return made


KINDS = {"one": one, "hostile": hostile,
         "before": lambda: pair([1000, 1100, 1200], [100, 110, 120], 0),
         "after": lambda: pair([500, 550, 600], [90, 99, 115], 4)}


def wellformed(page):
    bad = page.bad
    bad += [f"id {i} is there twice" for i in set(page.ids) if page.ids.count(i) > 1]
    return bad + [f"#{link} leads nowhere" for link in page.links if link not in page.ids]


def alone(text, page):
    bad = re.findall(r"https?://[^\s\"']*|\bsrc=[^>]*|@import[^;]*|url\((?!#)[^)]*\)", text)
    tags = {"script", "link", "iframe", "img", "object", "embed", "base", "form"}
    return bad + [f"<{tag}>" for tag, _ in page.tags if tag in tags] + [
        f"<{tag} href={attrs['href']}>" for tag, attrs in page.tags
        if not attrs.get("href", "#").startswith("#")]


def squeeze(text):
    return " ".join(text.split())


def has(page, document):
    texts = squeeze(" ".join(page.texts))
    wanted = []
    for e in document["experiments"]:
        wanted += [e["name"], e["claim"], e["verdict"], *e["why"].split("; ")]
        wanted += [m["label"].strip() for m in e["metrics"]]
        wanted += e.get("picture", "").splitlines()
    return [f"not in the page: {text}" for text in wanted if squeeze(text) not in texts]


def svg(name):
    text = pathlib.Path(name).read_text(encoding="utf-8")
    xml.etree.ElementTree.fromstring(text)
    bad = re.findall(r"https?://(?!www.w3.org/2000/svg\")[^\s\"']*|\brgb\([^)]*\)", text)
    return [f"{name}: {what}" for what in bad]


def colour(name, who):
    """Of the symbol that the key has beside a name."""
    after = pathlib.Path(name).read_text(encoding="utf-8").split(f"<text>{who}</text>", 1)[1]
    return next(c for c in re.findall(r'"(#[0-9a-f]{6})"', after) if c != "#222222")


def places(value, path=()):
    """The path to each value of a document, but of long lists their first ones."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], path + (key,))
    elif isinstance(value, list):
        for i in range(min(len(value), 2)):
            yield from places(value[i], path + (i,))


def mutants(document, folder):
    others = [None, -1, 1e300, "x", [], {}, True]
    for i, path in enumerate(list(places(document))[1::3]):
        mutant = copy.deepcopy(document)
        at = mutant
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = others[i % len(others)]
        pathlib.Path(folder, f"{i}.json").write_text(json.dumps(mutant), encoding="utf-8")


def main():
    what, *args = sys.argv[1:]
    if what == "make":
        json.dump(KINDS[args[0]](), sys.stdout, indent=1)
        return []
    if what == "svg":
        return [bad for name in args for bad in svg(name)]
    if what == "colours":
        return [colour(name, args[0]) for name in args[1:]]
    if what == "mutants":
        return mutants(json.loads(pathlib.Path(args[0]).read_text(encoding="utf-8")), args[1]) or []
    text = pathlib.Path(args[0]).read_text(encoding="utf-8")
    page = Page(text)
    if what == "wellformed":
        return wellformed(page)
    if what == "alone":
        return alone(text, page)
    if what == "row":
        return [" | ".join(squeeze(cell) for cell in row) for row in page.rows
                if args[1] in " ".join(row)][:1]
    return has(page, json.loads(pathlib.Path(args[1]).read_text(encoding="utf-8")))


try:
    print(*main(), sep="\n", end="")
except OSError as error:
    print(error)
