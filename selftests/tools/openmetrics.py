# SPDX-License-Identifier: GPL-2.0-only
#
# openmetrics.py - is the standard input a document in the OpenMetrics text format? As strict as
# its specification (version 1.0) for what gvt writes: gauges, without timestamps. Says the
# first fault, with its line, or how many samples of how many families there are.

import re
import sys

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
HELP = re.compile(r'(?:[^"\\]|\\["\\n])*\Z')
# What other types' samples end in: a gauge of that name could not be told from one of them.
SUFFIXES = ("_total", "_created", "_bucket", "_sum", "_count", "_gsum", "_gcount", "_info")


class Fault(Exception):
    pass


def need(condition, fault):
    if not condition:
        raise Fault(fault)


class Parser:
    def __init__(self):
        self.name = None
        self.seen = set()
        self.samples = 0

    def begin(self, name):
        self.end()
        need(NAME.match(name), f"{name!r} is no name")
        need(name.startswith("gvt_"), f"{name} does not begin with gvt_")
        need(name not in self.seen, f"{name} is interrupted by another family")
        need(not name.endswith(SUFFIXES), f"{name} ends as only other types may")
        self.seen.add(name)
        self.name = name
        self.meta = {}
        self.sets = set()

    def end(self):
        if self.name is not None:
            need("TYPE" in self.meta and "HELP" in self.meta, f"{self.name}: no TYPE or no HELP")
            need(self.sets, f"{self.name} has no samples")

    def metadata(self, line):
        part = line.split(" ", 3)
        need(len(part) == 4 and part[0] == "#", "neither a sample nor metadata")
        _, kind, name, value = part
        need(kind in ("TYPE", "UNIT", "HELP"), f"{kind} is no metadata")
        if name != self.name:
            self.begin(name)
        need(not self.sets, f"{kind} of {name} comes after a sample")
        need(kind not in self.meta, f"{kind} of {name} comes twice")
        self.meta[kind] = value
        if kind == "TYPE":
            need(value == "gauge", f"{value} is not the type gauge")
        elif kind == "UNIT":
            need(re.match(r"[a-z]+\Z", value), f"{value!r} is no unit")
            need(name.endswith("_" + value), f"{name} does not end in its unit {value}")
        else:
            need(HELP.match(value), f"HELP of {name} has a bad escape")

    def sample(self, line):
        match = re.match(r"([^{ ]+)(?:\{(.*)\})? (\S+)\Z", line)
        need(match, "no sample")
        name, labels, value = match.groups()
        need(name == self.name, f"{name} is not of the family {self.name}")
        names, key, at = set(), [], 0
        while labels is not None:
            label = LABEL.match(labels, at)
            need(label, f"bad label in {labels[at:]!r}")
            need(label[1] not in names, f"label {label[1]} comes twice")
            need(not label[1].startswith("__"), f"label {label[1]} is reserved")
            names.add(label[1])
            key.append(label.groups())
            at = label.end()
            if at == len(labels):
                break
            need(labels[at] == ",", "no comma between labels")
            at += 1
        key = tuple(sorted(key))
        need(key not in self.sets, "this sample comes twice")
        self.sets.add(key)
        need(NUMBER.match(value), f"{value!r} is no number")
        self.samples += 1

    def document(self, text):
        need(text.endswith("# EOF\n"), "the last line is not # EOF")
        for number, line in enumerate(text[:-6].split("\n")[:-1], 1):
            try:
                need(line, "an empty line")
                need(line.isprintable(), "a control character")
                need(line != "# EOF", "# EOF is not the last line")
                if line.startswith("#"):
                    self.metadata(line)
                else:
                    self.sample(line)
            except Fault as fault:
                raise Fault(f"line {number}: {fault}") from None
        self.end()


def main():
    parser = Parser()
    try:
        parser.document(sys.stdin.buffer.read().decode("utf-8"))
    except (Fault, UnicodeDecodeError) as fault:
        print(fault)
        return 1
    print(f"{parser.samples} samples of {len(parser.seen)} families")
    return 0


sys.exit(main())
