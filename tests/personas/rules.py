"""Reads a persona's rule or the condition of a claim, and says who of a published table meets it.

    purchases_a_month >= 3.4 and mean_order < 25 and share(category, 'coffee') >= 0.3

Comparisons of a column, or of share(habit, item), with a number, a text or true/false, joined by and, or, not and brackets. Unknown (null,
not a number) meets no comparison. Only what is written here is understood: a rule that is not is an error, never a guess.
"""
import re

import numpy as np

TOKEN = re.compile(r"\s*(?:(?P<number>-?\d+(?:_\d+)*(?:\.\d+)?(?:[eE][-+]?\d+)?)|(?P<text>'(?:[^']|'')*')|(?P<word>[A-Za-z_][A-Za-z_0-9]*)"
                   r"|(?P<sign>>=|<=|<>|!=|==|=|>|<|\(|\)|,))")
COMPARE = {">=": np.greater_equal, "<=": np.less_equal, ">": np.greater, "<": np.less, "=": np.equal, "==": np.equal,
           "!=": np.not_equal, "<>": np.not_equal}


class RuleError(ValueError):
    pass


def tokens(text):
    found, place = [], 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        if not match:
            raise RuleError(f"`{text}`: not understood from `{text[place:]}` on")
        kind, value = match.lastgroup, match.group(match.lastgroup)
        if kind == "text":
            value = value[1:-1].replace("''", "'")
        found.append((kind, value.lower() if kind == "word" and value.lower() in ("and", "or", "not", "true", "false") else value))
        place = match.end()
    return found


class Reader:
    """Recursive descent over the tokens; every part is an array of truths, one a row."""

    def __init__(self, text, columns, share):
        self.text, self.columns, self.share = text, columns, share
        self.left = tokens(text)
        self.rows = len(next(iter(columns.values())))
        self.conditions = 0

    def next_is(self, kind, *values):
        return bool(self.left) and self.left[0][0] == kind and (not values or self.left[0][1] in values)

    def take(self, kind, *values):
        if not self.next_is(kind, *values):
            found = self.left[0][1] if self.left else "its end"
            raise RuleError(f"`{self.text}`: expected {' or '.join(values) or kind}, found {found}")
        return self.left.pop(0)[1]

    def whole(self):
        result = self.any_of()
        if self.left:
            raise RuleError(f"`{self.text}`: not understood from `{self.left[0][1]}` on")
        return result

    def any_of(self):
        result = self.all_of()
        while self.next_is("word", "or"):
            self.take("word", "or")
            result = result | self.all_of()
        return result

    def all_of(self):
        result = self.one()
        while self.next_is("word", "and"):
            self.take("word", "and")
            result = result & self.one()
        return result

    def one(self):
        if self.next_is("word", "not"):
            self.take("word", "not")
            return ~self.one()
        if self.next_is("sign", "("):
            self.take("sign", "(")
            result = self.any_of()
            self.take("sign", ")")
            return result
        self.conditions += 1
        if self.next_is("word", "true"):
            self.take("word", "true")
            return np.ones(self.rows, bool)
        values = self.value()
        if not self.next_is("sign", *COMPARE):
            if values.dtype == bool:
                return values
            raise RuleError(f"`{self.text}`: a column without a comparison")
        compare = COMPARE[self.take("sign", *COMPARE)]
        if self.next_is("number"):
            other = float(self.take("number").replace("_", ""))
        elif self.next_is("text"):
            other = self.take("text")
        elif self.next_is("word", "true", "false"):
            other = self.take("word", "true", "false") == "true"
        else:
            other = self.value()
        known = np.ones(self.rows, bool)
        for side in (values, other):
            if isinstance(side, np.ndarray) and side.dtype.kind == "f":
                known &= ~np.isnan(side)
            elif isinstance(side, np.ndarray) and side.dtype.kind == "O":
                known &= np.array([value is not None for value in side], bool)
        return known & compare(values, other)

    def value(self):
        name = self.take("word")
        if name == "share" and self.next_is("sign", "("):
            self.take("sign", "(")
            habit = self.take("word") if self.next_is("word") else self.take("text")
            self.take("sign", ",")
            item = self.take("text") if self.next_is("text") else self.take("word")
            self.take("sign", ")")
            return self.share(habit, item)
        if name not in self.columns:
            raise RuleError(f"`{self.text}`: the table has no column {name}")
        return self.columns[name]


def matches(text, columns, share):
    """Who meets the rule: `columns` name to values, `share(habit, item)` a share of every row."""
    return Reader(text, columns, share).whole()
