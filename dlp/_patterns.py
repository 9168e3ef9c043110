"""Regular expressions, matched by following all their states at once.

Where a character leads is kept, for many texts begin alike. The time grows with the length of the
text times that of the pattern, so no pattern can hang. Of what looks ahead, only what does so from
the beginning of a text is known. What is not known is refused: what looks behind, references back,
flags, possessive repeats.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    Items = list[tuple[str, str]]  # from a character to another
    Node = tuple[str, Any, Any, Any]

LONGEST = 1000
"""The most characters of a pattern."""

_STATES = 5000
_DEPTH = 40
_LOOKS = 5
_KNOWN = 200
_LETTER: "Items" = [("a", "z"), ("A", "Z"), ("0", "9"), ("_", "_")]
_CLASSES: "dict[str, Items]" = {
    "d": [("0", "9")],
    "w": _LETTER,
    "s": [(" ", " "), ("\t", "\r")],
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_BORDERS = {"A": "start", "Z": "end", "b": "border", "B": "inside"}


class Pattern:
    """A regular expression of Python's `re`, read once."""

    def __init__(self, name: str, text: str) -> None:
        """Read it; `name` is what it is called where it is refused."""
        self.name = name
        self.text = text
        self.place = 0
        self.depth = 0
        self.looks = 0
        self.names: "list[str]" = []
        self.states: "list[Node]" = []
        self.known: "dict[str, Reached]" = {}
        if len(text) > LONGEST:
            raise ValueError(f"{name} must have at most {LONGEST} characters, not {len(text)}")
        tree = self.either()
        if self.place < len(text):
            self.refuse("a parenthesis is closed that was not opened")
        self.begin = self.built(tree, self.state(("accept", None, 0, 0)))
        self.borders = bool([1 for state in self.states if state[0] == "at"])

    def refuse(self, why: str) -> "NoReturn":
        """Refuse the pattern."""
        raise ValueError(
            f"{self.name} must be a regular expression that is known here, "
            f"not {self.text[:60]!r}: {why}"
        )

    # What follows reads: a tree of (kind, ...).

    def ahead(self) -> str:
        """Give the next character, or nothing."""
        return self.text[self.place] if self.place < len(self.text) else ""

    def taken(self) -> str:
        """Take the next character."""
        character = self.ahead()
        if not character:
            self.refuse("it ends too early")
        self.place += 1
        return character

    def either(self) -> "Node":
        """Read alternatives."""
        found = [self.sequence()]
        while self.ahead() == "|":
            self.place += 1
            found.append(self.sequence())
        return found[0] if len(found) == 1 else ("either", found, 0, 0)

    def sequence(self) -> "Node":
        """Read what follows one another."""
        found: "list[Node]" = []
        while self.ahead() not in ("", "|", ")"):
            one = self.one()
            repeats = self.repeats()
            if repeats is not None:
                if one[0] in ("at", "look"):
                    self.refuse("there is nothing to repeat")
                one = ("repeat", one, repeats[0], repeats[1])
                if self.ahead() == "?":
                    self.place += 1
                elif self.ahead() == "+":
                    self.refuse("a possessive repeat is not known")
                if self.repeats() is not None:
                    self.refuse("a repeat is repeated")
            found.append(one)
        return ("sequence", found, 0, 0)

    def repeats(self) -> "tuple[int, int | None] | None":
        """Read how often something may stand, if that is said."""
        sign = self.ahead()
        if sign in ("*", "+", "?"):
            self.place += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        if sign != "{":
            return None
        inside, brace, _ = self.text[self.place + 1 :].partition("}")
        least, comma, most = inside.partition(",")
        numbers = [number for number in (least, most) if number]
        if not brace or not inside or [1 for number in numbers if not _digits(number)]:
            return None
        self.place += len(inside) + 2
        low, high = int(least or "0"), int(most or "0") if most or not comma else None
        if not comma:
            high = low
        if high is not None and high < low:
            self.refuse("a repeat has more at least than at most")
        if max(low, high or 0) > _STATES:
            self.refuse("it repeats too often")
        return low, high

    def one(self) -> "Node":
        """Read a character, a class or a group."""
        character = self.taken()
        if character == "(":
            return self.group()
        if character == "[":
            return self.bracket()
        if character == "\\":
            return self.escaped()
        if character in ("*", "+", "?"):
            self.refuse("there is nothing to repeat")
        if character == "{":
            self.place -= 1
            if self.repeats() is not None:
                self.refuse("there is nothing to repeat")
            self.place += 1
        if character == ".":
            return ("set", [("\n", "\n")], True, 0)
        if character in ("^", "$"):
            return ("at", "start" if character == "^" else "end", 0, 0)
        return ("set", [(character, character)], False, 0)

    def group(self) -> "Node":
        """Read what stands in parentheses."""
        look = ""
        if self.ahead() == "?":
            self.place += 1
            kind = self.taken()
            if kind == "P" and self.ahead() == "<":
                name, end, _ = self.text[self.place :].partition(">")
                if not end or name in self.names:
                    self.refuse("a name of a group does not end, or is given twice")
                self.names.append(name)
                self.place += len(name) + 1
            elif kind in ("!", "="):
                look = kind
                self.looks += 1
                if self.looks > _LOOKS:
                    self.refuse("it looks ahead too often")
            elif kind != ":":
                self.refuse("of groups with a question mark only (?:, (?P<, (?! and (?= are known")
        self.depth += 1
        if self.depth > _DEPTH:
            self.refuse("it has too many groups in groups")
        found = self.either()
        if self.ahead() != ")":
            self.refuse("a parenthesis is not closed")
        self.place += 1
        self.depth -= 1
        return ("look", found, look == "!", 0) if look else ("sequence", [found], 0, 0)

    def escaped(self) -> "Node":
        """Read what follows a backslash."""
        character = self.ahead()
        if character in _BORDERS:
            self.place += 1
            return ("at", _BORDERS[character], 0, 0)
        items, negated = self.escape()
        return ("set", items, negated, 0)

    def escape(self) -> "tuple[Items, bool]":
        """Read a class after a backslash, or a character."""
        character = self.taken()
        low = character.lower()
        if low in _CLASSES:
            return _CLASSES[low], low != character
        if character in _CONTROLS:
            return [(_CONTROLS[character], _CONTROLS[character])], False
        if _digits(character):
            self.refuse("a reference to a group, or a character by its number, is not known")
        if "a" <= low <= "z":
            self.refuse(f"\\{character} is not known")
        return [(character, character)], False

    def bracket(self) -> "Node":
        """Read a class of characters in brackets."""
        negated = self.ahead() == "^"
        if negated:
            self.place += 1
        found: "list[tuple[Items, bool]]" = []
        while self.ahead() != "]" or not found:
            items, without = self.member()
            if self.ahead() == "-" and self.text[self.place + 1 : self.place + 2] not in ("]", ""):
                self.place += 1
                last, other = self.member()
                first = items[0][0]
                if without or other or not self.single(items) or not self.single(last):
                    self.refuse("a range leads from one character to another")
                if last[0][0] < first:
                    self.refuse("a range leads backwards")
                items = [(first, last[0][0])]
            found.append((items, without))
        self.place += 1
        return ("sets", found, negated, 0)

    def member(self) -> "tuple[Items, bool]":
        """Read a character in brackets, or a class after a backslash."""
        character = self.taken()
        if character == "\\":
            if self.ahead() == "b":
                self.place += 1
                return [("\b", "\b")], False
            return self.escape()
        return [(character, character)], False

    def single(self, items: "Items") -> bool:
        """Say whether a class is one character."""
        return len(items) == 1 and items[0][0] == items[0][1]

    # What follows turns the tree into states, from its end to its beginning.

    def state(self, state: "Node") -> int:
        """Add a state."""
        if len(self.states) > _STATES:
            self.refuse("it is too long when its repeats are written out")
        self.states.append(state)
        return len(self.states) - 1

    def built(self, tree: "Node", after: int) -> int:
        """Add the states of a tree, and give the one that it begins with."""
        kind, what, least, most = tree
        if kind == "either":
            begin = self.built(what[0], after)
            for each in what[1:]:
                begin = self.state(("split", None, begin, self.built(each, after)))
            return begin
        if kind == "sequence":
            for each in reversed(what):
                after = self.built(each, after)
            return after
        if kind == "look":
            end = self.state(("accept", None, 0, 0))
            return self.state(("look", (self.built(what, end), end), least, after))
        if kind != "repeat":
            return self.state((kind, what, least, after))
        begin = after
        if most is None:
            begin = self.state(("split", None, after, after))
            self.states[begin] = ("split", None, after, self.built(what, begin))
        for _ in range(0 if most is None else most - least):
            begin = self.state(("split", None, after, self.built(what, begin)))
        for _ in range(least):
            begin = self.built(what, begin)
        return begin

    # What follows matches.

    def matches(self, text: str, *, whole: bool = True) -> bool:
        """Say whether it matches a text, or at least the beginning of one."""
        return self.leads(self.begin, 0, text, whole)

    def leads(self, begin: int, end: int, text: str, whole: bool) -> bool:
        """Say whether a text, or the beginning of one, leads from a state to another."""
        now = self.reached([begin], text, 0)
        for place, character in enumerate(text):
            if not whole and end in now.states:
                return True
            step = text[place : place + 2] if self.borders else character
            if step not in now.then:
                then = [
                    self.states[number][3]
                    for number in now.states
                    if _taken(character, self.states[number])
                ]
                now.then[step] = self.reached(then, text, place + 1)
            now = now.then[step]
            if not now.states:
                return False
        return end in now.states

    def reached(self, begin: "list[int]", text: str, place: int) -> "Reached":
        """Give all states that are reached without a further character."""
        found: "dict[int, bool]" = {}
        open_states = list(begin)
        while open_states:
            number = open_states.pop()
            if number in found:
                continue
            kind, what, first, second = self.states[number]
            found[number] = True
            if kind == "split":
                open_states.append(first)
                open_states.append(second)
            elif kind == "at" and _at(what, text, place):
                open_states.append(second)
            elif kind == "look":
                if place:
                    self.refuse("it looks ahead from elsewhere than the beginning")
                if self.leads(what[0], what[1], text, False) != first:
                    open_states.append(second)
        name = " ".join([f"{number}" for number in found])
        if name not in self.known:
            if len(self.known) == _KNOWN:
                self.known = {}
            self.known[name] = Reached(found)
        return self.known[name]


class Reached:
    """States that are reached at once."""

    def __init__(self, states: "dict[int, bool]") -> None:
        """Begin without knowing where a character leads."""
        self.states = states
        self.then: "dict[str, Reached]" = {}


def _digits(text: str) -> bool:
    return not [1 for character in text if not "0" <= character <= "9"]


def _within(character: str, items: "Items") -> bool:
    return any(first <= character <= last for first, last in items)


def _taken(character: str, state: "Node") -> bool:
    """Say whether a state takes a character."""
    kind, what, negated, _ = state
    if kind == "set":
        return bool(_within(character, what) != negated)
    if kind == "sets":
        found = any(_within(character, items) != without for items, without in what)
        return bool(found != negated)
    return False


def _at(what: object, text: str, place: int) -> bool:
    """Say whether a place of a text is its start or end, or a border of a word."""
    if what == "start":
        return place == 0
    if what == "end":
        return place == len(text)
    before = place > 0 and _within(text[place - 1], _LETTER)
    after = place < len(text) and _within(text[place], _LETTER)
    return (before != after) == (what == "border")
