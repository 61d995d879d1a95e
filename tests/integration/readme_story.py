"""The first screen of the README as steps, and how its answers are compared with real ones.

    for step in story(text):          Typed(host, command, answers), Cut() or Healed()
    Examples().match(answer, output)  whether a line of the README stands in what was really said

What the README shows is an example: codes, ids and ages are others each time. An example that a
later command needs (a pairing code, a conflict's id) is remembered with what stood in its place.
"""

import re
from typing import NamedTuple

TITLE = "## Two devices in five minutes\n"
PROMPT = re.compile(r"(pi|laptop)\$ (.+)")
# Kinds of examples: what they look like, in the README and in the program's answers.
KINDS = [
    r"\b[a-z]+-[a-z]+-[a-z]+\b",              # a code in words
    r"\b\d{3} \d{3} \d{3}\b",                 # the same in digits
    r"\b\d\d \d\d \d\d\b",                    # what both screens show
    r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b",           # a device's short id
    r"\bc-[0-9a-f]{8}\b",                     # a conflict's
    r"\b\d+\.\d+\.\d+(?::\d+)?\b",            # a version
    r"\bnow\b|\b\d+ [smh] ago\b",             # ages
]
ANY_KIND = re.compile("|".join(f"({kind})" for kind in KINDS))


class Typed(NamedTuple):
    host: str
    command: str
    answers: list


class Cut(NamedTuple):
    pass


class Healed(NamedTuple):
    pass


def section(readme):
    return readme.split(TITLE)[1].split("\n## ")[0]


def blocks(text):
    """(prose before it, lines of the block) of each block of code."""
    parts = re.split(r"^```$", text, flags=re.M)
    return [(parts[i], parts[i + 1].strip().splitlines()) for i in range(0, len(parts) - 1, 2)]


def story(readme):
    steps = []
    for prose, lines in blocks(section(readme))[1:]:  # the first is how to get the program
        if "off the network" in prose:
            steps.append(Cut())
        if "Put it back" in prose:
            steps.append(Healed())
        for line in filter(None, lines):
            typed = PROMPT.fullmatch(line)
            if typed:
                steps.append(Typed(typed[1], typed[2], []))
            else:
                steps[-1].answers.append(line)
    return steps


class Examples:
    """What stands in place of the README's examples in this run."""

    def __init__(self):
        self.real = {}

    def filled(self, command):
        for example, real in self.real.items():
            command = command.replace(example, real)
        return command

    def match(self, answer, output):
        """Looks for the line in the output; remembers what its examples are."""
        answer = answer.strip()
        examples, pattern, end = [], "", 0
        for found in ANY_KIND.finditer(answer):
            pattern += self.plain(answer[end:found.start()]) + f"({KINDS[found.lastindex - 1]})"
            examples.append(found[0])
            end = found.end()
        pattern += self.plain(answer[end:])
        for line in output.splitlines():
            if real := re.fullmatch(pattern, line.strip()):
                self.real.update(zip(examples, real.groups()))
                return True
        return False

    @staticmethod
    def plain(text):
        """A pattern for the text, however its columns are apart."""
        return r"\s+".join(re.escape(word) for word in re.split(r"\s+", text))
