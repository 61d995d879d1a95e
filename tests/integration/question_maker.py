"""Records and questions by chance: every kind of JSON value, and above all those that a computer
easily takes for others: integers beside doubles, texts with U+0000, ids that are keys or not.

    maker = Maker(random.Random(seed))
    maker.keys(40), maker.record(key), maker.where(records), maker.order(records)
"""
from __future__ import annotations

import random
import uuid

TWO53, TWO63 = 2 ** 53, 2 ** 63

NUMBERS = [0, 1, 2, -1, 10, 255, 256, 65536, 0.5, 1.0, 2.0, -1.0, 1.5, 0.1 + 0.2, 0.3, 1e300,
           -1e300, 5e-324, 2.2250738585072014e-308, TWO53 - 1, TWO53, TWO53 + 1, TWO53 + 2,
           float(TWO53), float(TWO53 + 2), -TWO53 - 1, -float(TWO53), TWO63 - 1, -TWO63,
           float(TWO63), -float(TWO63), TWO63 - 1024, float(TWO63 - 1024), 1e16, 123456789012345]
TEXTS = ["", "a", "b", "A", "ab", "abc", "a b", "a+b", "1", "1.0", "true", "null", "a\0", "a\0b",
         "a\0c", "\0", "\0\0", "\\u0000", "a\\u0000b", "\x01", "\x01a", "\x01b", "\x7f", "a\"b",
         "a'b", "a\\b", "a%b", "a_b", "ä", "a\u0308", "ß", "漢字", "\uffff", "\ufffd", "😀", "😀a",
         "\U0010ffff", "\u2028", "[", "{", "[1]", "{}", "\n", "x" * 300, "x" * 300 + "a",
         "x" * 5000, "x" * 5000 + "b"]
CONTAINERS = [[], {}, [1], [1.0], [True], [None], ["a\0"], [[1]], {"a": 1}, {"a": 1.0},
              {"a": "1"}, {"a": {"b": [1, 2.5]}}, {"b": None}, ["a", 1], {"ä\0": "\0"}]
FIELDS = ["n", "t", "any", "rare", "Twin", "twin", "two words", "ключ", 'quo"te', "back\\slash"]
COMPARISONS = ["eq", "eq", "ne", "gt", "ge", "lt", "le", "in", "prefix"]


class Maker:
    def __init__(self, chance: random.Random):
        self.chance = chance

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128)))

    def key(self) -> str:
        chance = self.chance
        made = chance.randrange(6)
        if made < 2:
            return self.uuid()
        if made == 2:
            return self.uuid().upper()
        if made == 3:
            return self.uuid()[:chance.randrange(1, 36)]
        if made == 4:
            return f"k{chance.randrange(1000)}"
        return chance.choice(["a", "ä", "😀", "f", "g", "0", "[", "a+b", "a b", "%2B", "a/b", "\x7f",
                              "~"]) + str(chance.randrange(10))

    def keys(self, count: int) -> list[str]:
        keys: dict[str, None] = {}
        while len(keys) < count:
            keys[self.key()] = None
        return list(keys)

    def number(self):
        chance = self.chance
        made = chance.randrange(4)
        if made < 3:
            return chance.choice(NUMBERS)
        return chance.choice([chance.randrange(-20, 20), float(chance.randrange(-20, 20)),
                              chance.uniform(-20, 20), chance.getrandbits(63)])

    def value(self, field: str):
        chance = self.chance
        if field == "n":
            return self.number()
        if field == "t":
            return chance.choice(TEXTS)
        return chance.choice([lambda: chance.choice([None, True, False]), self.number,
                              lambda: chance.choice(TEXTS), lambda: chance.choice(CONTAINERS)])()

    def record(self, key: str) -> dict:
        chance = self.chance
        out = {}
        for field in FIELDS:
            if chance.random() < (0.1 if field == "rare" else 0.6):
                out[field] = self.value(field)
        made = chance.randrange(8)
        if made < 4:
            out["id"] = key
        elif made == 4:
            out["id"] = chance.choice([self.key(), None, self.value("any")])
        items = list(out.items())
        chance.shuffle(items)
        return dict(items)

    def wanted(self, field: str, records: dict[str, dict]):
        """A value to compare with: mostly one that some record has."""
        chance = self.chance
        key = chance.choice(list(records))
        present = records[key].get(field, key if field == "id" else None)
        if chance.random() < 0.6 and present is not None:
            if isinstance(present, float) and present.is_integer() and abs(present) < TWO63:
                return chance.choice([present, int(present)])
            if isinstance(present, int) and not isinstance(present, bool):
                return chance.choice([present, float(present)])
            return present
        return self.value(field)

    def condition(self, field: str, records: dict[str, dict]):
        chance = self.chance
        comparison = chance.choice(COMPARISONS)
        if comparison == "in":
            count = chance.choice([0, 1, 1, 2, 3, 8, 40])
            return {"in": [self.wanted(field, records) for _ in range(count)]}
        wanted = self.wanted(field, records)
        if comparison == "prefix":
            text = wanted if isinstance(wanted, str) else chance.choice(TEXTS)
            return {"prefix": text[:chance.randrange(len(text) + 1)]}
        if comparison in ("gt", "ge", "lt", "le"):
            while isinstance(wanted, (bool, list, dict, type(None))):
                wanted = self.number()
        if comparison == "eq" and not isinstance(wanted, dict) and chance.random() < 0.5:
            return wanted
        return {comparison: wanted}

    def where(self, records: dict[str, dict]) -> dict:
        chance = self.chance
        count = chance.choice([0, 1, 1, 1, 1, 2, 3])
        fields = [*FIELDS, "id", "id", "nowhere"]
        where = {}
        for field in chance.sample(fields, count):
            where[field] = self.condition(field, records)
            if isinstance(where[field], dict) and chance.random() < 0.2:
                where[field].update(more if isinstance(more := self.condition(field, records), dict)
                                    else {"eq": more})
        return where

    def order(self, records: dict[str, dict]) -> str:
        known = {field for value in records.values() for field in value} | {"id"}
        field = self.chance.choice(["", "id", *sorted(known)])
        return self.chance.choice(["", "-"]) + field
