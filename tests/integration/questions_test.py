#!/usr/bin/env python3
"""Questions by chance, asked at every door of two paired agents and compared with a small model.

Usage: questions_test.py [--seed N] [--rounds N] [--questions N] [--round R]
Each round has some records of its own, written on both devices, and asks questions about them:
lists page by page, counts, lines, snapshots and SQL, on one device with indexes and on the other
without; then records change, and every subscription and watch has to say so. What differs is told
with the question and with the command that asks it again. LANYARD names the program.
Exit code: 0 no difference, 1 differences.
"""

import argparse
import contextlib
import json
import os
import random
import socket
import sys
import time
from urllib.parse import quote

import question_model as model
from api_device import ApiDevice
from lanyard_process import PROGRAM, ControlError, make_known, wait_until
from question_doors import SPACE, ADDRESS_MAX, Doors, Listening, Question, Refused
from question_maker import FIELDS, Maker
from web_socket import Line

RECORDS = 40
SQL_FIELDS = ("n", "t", "any", "rare", "two words", "ключ", "id")
SIGNS = {"eq": "=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}


class Difference(Exception):
    """A door that says something else than the model."""


def said(found: list) -> str:
    return json.dumps(found, ensure_ascii=True)[:1500]


class Round:
    """Records of one collection on both devices, and what is asked of them."""

    def __init__(self, pair: "Pair", seed: int, number: int):
        self.pair, self.number = pair, number
        self.chance = random.Random(f"{seed}/{number}")
        self.maker = Maker(self.chance)
        self.collection = f"q{seed}_{number}"
        self.records: dict[str, dict] = {}
        self.home: dict[str, int] = {}  # on which device a record is written
        self.asked = self.told = 0

    # ---- writing

    def write(self, changes: dict[str, dict | None]) -> None:
        """None takes a record away. Each device writes its own records: nothing is a conflict."""
        for home, doors in enumerate(self.pair.doors):
            ops = [{"op": "delete" if value is None else "put", "collection": self.collection,
                    "key": key, **({} if value is None else {"value": value})}
                   for key, value in changes.items() if self.home[key] == home]
            if not ops:
                continue
            if self.chance.random() < 0.5:
                doors.http("POST", f"/v1/spaces/{SPACE}/changes", {"ops": ops})
            else:
                doors.device.call("data.batch", space=SPACE, ops=ops)
        for key, value in changes.items():
            if value is None:
                self.records.pop(key, None)
            else:
                self.records[key] = value

    def begin(self) -> None:
        keys = self.maker.keys(RECORDS)
        self.home = {key: self.chance.randrange(2) for key in keys}
        self.write({key: self.maker.record(key) for key in keys})
        # Some have changed since, or are gone: what was known of them before must not be believed.
        changed = self.chance.sample(keys, RECORDS // 4)
        self.write({key: self.maker.record(key) if self.chance.random() < 0.7 else None
                    for key in changed})
        self.wait_until_there()
        for field in self.chance.sample(FIELDS[:-2], 4):
            doors = self.pair.doors[self.chance.randrange(2)]
            doors.http("PUT", doors.of_collection(self.collection, f"indexes/{quote(field)}"))

    def wait_until_there(self) -> None:
        everything = Question(self.collection, {}, "", 1000)
        wanted = model.answer(self.records, {})

        def is_there() -> bool:
            return all(self.same_records(doors.pages(doors.page_by_control, everything), wanted)
                       for doors in self.pair.doors)
        try:
            wait_until("both devices have all records", is_there)
        except TimeoutError:
            for doors in self.pair.doors:
                self.compare("everything", doors, everything,
                             doors.pages(doors.page_by_control, everything), wanted)
            raise

    # ---- asking

    @staticmethod
    def same_records(found: list, wanted: list) -> bool:
        return len(found) == len(wanted) and all(
            left[0] == right[0] and model.identical(left[1], right[1])
            for left, right in zip(found, wanted))

    def compare(self, door: str, doors: Doors, question: Question, found: list,
                wanted: list) -> None:
        if self.same_records(found, wanted):
            return
        keys, right = [each[0] for each in found], [each[0] for each in wanted]
        extra = [self.shown(key) for key in keys if key not in right]
        missing = [self.shown(key) for key in right if key not in keys]
        raise Difference(f"{door} of {doors.device.name}: {question}\n  found   {said(keys)}\n"
                         f"  wanted  {said(right)}\n  too many {extra}\n  missing  {missing}")

    def shown(self, key: str) -> str:
        return said([key, self.records.get(key)])

    def ask(self, question: Question, line: Line) -> None:
        """One question at the doors of HTTP of one device, and at the others of either."""
        self.asked += 1
        here, there = self.chance.sample(self.pair.doors, 2)
        if self.chance.random() < 0.2:
            here, there = there, here
        wanted = model.answer(self.records, question.where, question.order)
        is_short = len(json.dumps(question.where)) < ADDRESS_MAX / 6
        pages = [("a list", here, here.page_by_body), ("data.query", there, there.page_by_control)]
        if is_short:
            pages.append(("a list by address", there, there.page_by_address))
        for door, doors, page in pages:
            self.compare(door, doors, question, doors.pages(page, question), wanted)
        counts = [("a count", here, here.count_by_body), ("data.count", there,
                                                          there.count_by_control)]
        if is_short:
            counts.append(("a count by address", there, there.count_by_address))
        for door, doors, count in counts:
            if (found := count(question)) != len(wanted):
                raise Difference(f"{door} of {doors.device.name}: {question}\n  found {found}, "
                                 f"wanted {len(wanted)}: {said([key for key, _ in wanted])}")
        if is_short and self.chance.random() < 0.2:
            self.compare("lines", here, question, here.lines(question), wanted)
        in_any_order = sorted(wanted, key=lambda each: each[0])
        self.compare("a snapshot", self.pair.doors[0], question,
                     sorted(here.snapshot(line, question), key=lambda each: each[0]), in_any_order)
        self.ask_sql(question)

    def ask_sql(self, question: Question) -> None:
        """The same in SQL, by what a view shows: true is 1 there, and kinds are ordered."""
        parts, values, tests = [], [], []
        for field, conditions in question.where.items():
            for comparison, wanted in (conditions if isinstance(conditions, dict)
                                       else {"eq": conditions}).items():
                if field not in SQL_FIELDS or comparison not in SIGNS or isinstance(
                        wanted, (list, dict, type(None))):
                    return
                parts.append(f'"{field}" {SIGNS[comparison]} ?')
                values.append(wanted)
                tests.append((field, comparison, model.sql_order(model.sql_value(wanted))))

        def is_found(key: str, value: dict) -> bool:
            for field, comparison, right in tests:
                left = model.sql_order(model.sql_value(model.field_of(field, key, value)))
                order = model.compare(left, right)
                if left[0] == 0 or not {"eq": order == 0, "gt": order > 0, "ge": order >= 0,
                                        "lt": order < 0, "le": order <= 0}[comparison]:
                    return False
            return True

        known = {field for value in self.records.values() for field in value}
        fields = [field for field in SQL_FIELDS if field in known and field != "id"]
        columns = ["id", *fields]
        if any(test[0] not in columns for test in tests):
            return
        listed = ", ".join(f'"{column}"' for column in columns)
        sql = f"SELECT {listed} FROM {self.collection}"
        sql += f" WHERE {' AND '.join(parts)}" if parts else ""
        wanted = [[model.sql_value(model.field_of(column, key, value)) for column in columns]
                  for key, value in self.records.items() if is_found(key, value)]
        for doors in self.pair.doors:
            found = doors.sql(sql, values)
            if sorted(map(repr, found)) != sorted(map(repr, wanted)):
                raise Difference(f"SQL of {doors.device.name}: {sql} {said(values)}\n"
                                 f"  found  {said(sorted(map(repr, found)))}\n"
                                 f"  wanted {said(sorted(map(repr, wanted)))}")

    # ---- listening

    def listen(self) -> None:
        wheres = [self.maker.where(self.records) for _ in range(6)]
        with contextlib.ExitStack() as stack:
            ears = [stack.enter_context(Listening(doors.device, doors.token, self.collection,
                                                  wheres)) for doors in self.pair.doors]
            keys = self.chance.sample(list(self.records), 8)
            changes = {key: self.maker.record(key) if self.chance.random() < 0.8 else None
                       for key in keys}
            self.write(changes)
            for one, doors in zip(ears, self.pair.doors):
                one.hear(changes, self.to_tell)
                self.compare_told(one, doors, changes)

    def to_tell(self, where: dict, key: str) -> dict | None:
        value = self.records.get(key)
        return value if value is not None and model.meets(where, key, value) else None

    def compare_told(self, ears: Listening, doors: Doors, changes: dict) -> None:
        for number, where in enumerate(ears.wheres):
            for key, value in changes.items():
                self.told += 1
                wanted = self.to_tell(where, key)
                told = ears.live.get((number, key), "nothing")
                if not model.identical(told, wanted):
                    raise Difference(f"a subscription at {doors.device.name}, where={said(where)}, "
                                     f"{key}: told {said(told)}, wanted {said(wanted)}")
                is_watched = any(model.identical(each, value)
                                 for each in ears.watched.get((number, key), []))
                if is_watched != (value is None or wanted is not None):
                    raise Difference(f"data.watch at {doors.device.name}, where={said(where)}: "
                                     f"{self.shown(key)} was {'' if is_watched else 'not '}told")


class Pair:
    """Two devices that have a space together."""

    def __init__(self, stack: contextlib.ExitStack):
        devices = [ApiDevice("first"), ApiDevice("second")]
        for device in devices:
            stack.callback(device.close)
            device.start()
        make_known(*devices)
        first, second = devices
        first.call("space.create", name=SPACE)
        first.call("space.share", space=SPACE, device=second.info["id"])
        wait_until("both have the space", lambda: SPACE in [
            each["name"] for each in second.call("space.list")["spaces"]])
        self.doors = [stack.enter_context(Doors(device, device.ok(
            "token", "create", "--app", "questions", "--space", SPACE, "--write").strip()))
            for device in devices]


def run(seed: int, rounds: range, questions: int) -> int:
    differences = asked = told = 0
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        pair = Pair(stack)
        for number in rounds:
            one = Round(pair, seed, number)
            try:
                one.begin()
                with Line(pair.doors[0].device.info["apiPort"]) as line:
                    # The end of one snapshot and the question for the next are sent at once.
                    line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    line.sign_in(pair.doors[0].token)
                    for _ in range(questions):
                        where = one.maker.where(one.records)
                        one.ask(Question(one.collection, where, one.maker.order(one.records),
                                         one.chance.choice([1, 3, 7, 20, 20, 1000])), line)
                one.listen()
            except (Difference, Refused, ControlError) as problem:
                differences += 1
                print(f"difference in round {number} of seed {seed}:\n{problem}\nagain: LANYARD="
                      f"{PROGRAM} python3 {os.path.relpath(__file__)} --seed {seed} --round "
                      f"{number} --questions {questions}", flush=True)
            asked, told = asked + one.asked, told + one.told
    print(f"report: {asked} questions at every door and {told} changes told, seed {seed}, "
          f"{time.monotonic() - began:.0f} s, {differences} differences")
    return 1 if differences else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--questions", type=int, default=52, help="in each round")
    parser.add_argument("--round", type=int, help="only this one")
    said_so = parser.parse_args()
    only = said_so.round
    rounds = range(said_so.rounds) if only is None else range(only, only + 1)
    return run(said_so.seed, rounds, said_so.questions)


if __name__ == "__main__":
    sys.exit(main())
