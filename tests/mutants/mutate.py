# SPDX-License-Identifier: MIT
"""Mutants of C source: where a small mistake could have been made, and how.

A mutant is a span of tokens inside of a function and what stands there instead.  All mutants of a file are written
into one text at once, each behind a question: "mutant_is(7) ? (a <= b) : (a < b)".  So a file is compiled once, and
the number of the mutant that is alive is chosen when the program starts.

The operators, a fixed list:

  check      an "if" whose body only leaves (return, goto, break, continue) leaves no more
  negate     the condition of an "if" or "while" is negated
  operand    an operand of && or || is as if it were not there
  boundary   < becomes <=, <= becomes <, > becomes >=, >= becomes >
  equality   == becomes !=, and the reverse, where "negate" does not do the same
  right      a right is asked for no more (RIGHT_X is 0), or another one is
  flag       a constant in a chain of | is left out
  status     another error is returned
  truth      "return true" becomes "return false", and the reverse
  statement  an assignment, an increment or a call is left out
  one        + 1 and - 1 do not add or take

Locks are never left out (a lock that is only taken, or only released, is found at once and proves nothing), nor are
assertions, which are no behaviour.  Orders of atomic accesses are what the seeded bugs of tests/sim are for.
"""
import re

TOKEN = re.compile(r"""
    (?P<space>\s+|/\*.*?\*/|//[^\n]*|\\\n)
  | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<preprocessor>^[ \t]*\#(?:\\\n|[^\n])*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<number>(?:0[xX][0-9a-fA-F]+|\d+)[uUlL]*)
  | (?P<sign>->|\+\+|--|<<=|>>=|<=|>=|==|!=|&&|\|\||<<|>>|[-+*/%&|^]=|\.\.\.|.)
""", re.X | re.S | re.M)

LEAVES = {"return", "goto", "break", "continue"}
WORDS = LEAVES | {"if", "else", "while", "for", "do", "switch", "case", "default", "sizeof"}
TYPES = {"const", "static", "struct", "enum", "union", "unsigned", "signed", "void", "bool", "char", "short", "int",
         "long", "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "register", "volatile"}
# Statements whose loss is no fault, or one that is found at once.
SPARED = re.compile(r"^(spin_(lock|unlock|assert\w*)|ASSERT|BUILD_ASSERT|_Static_assert|printk|print_\w+|panic|trace|"
                    r"__\w+|lockdep\w*|sched_hint\w*)$")
RIGHTS = {"RIGHT_DERIVE": "RIGHT_MOVE", "RIGHT_MOVE": "RIGHT_DERIVE", "RIGHT_DESTROY": "RIGHT_MANAGE",
          "RIGHT_MANAGE": "RIGHT_DESTROY", "RIGHT_SEND": "RIGHT_CALL", "RIGHT_CALL": "RIGHT_RECEIVE",
          "RIGHT_RECEIVE": "RIGHT_SEND", "RIGHT_GRANT": "RIGHT_SEND", "RIGHT_SIGNAL": "RIGHT_WAIT",
          "RIGHT_WAIT": "RIGHT_SIGNAL", "RIGHT_READ": "RIGHT_WRITE", "RIGHT_WRITE": "RIGHT_READ",
          "RIGHT_EXECUTE": "RIGHT_WRITE", "RIGHT_SEAL": "RIGHT_READ", "RIGHT_DMA": "RIGHT_READ",
          "RIGHT_MAP": "RIGHT_SPAWN", "RIGHT_GIVE": "RIGHT_MAP", "RIGHT_SPAWN": "RIGHT_GIVE",
          "RIGHT_USE": "RIGHT_DERIVE"}
STATUSES = ("ST_BADHANDLE ST_BADTYPE ST_NORIGHTS ST_INVALID ST_BUSY ST_WOULDBLOCK ST_TIMEDOUT ST_INTERRUPTED ST_NOMEM "
            "ST_NOSLOTS ST_DEPTH ST_EXISTS ST_NOTFOUND ST_DEAD ST_CALLER_GONE ST_CAPSPACE ST_NOREPLY ST_SEALED "
            "ST_TOOLONG").split()
BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
EQUALITY = {"==": "!=", "!=": "=="}
ASSIGNS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "++", "--"}
# What ends the operand of a comparison, on its level of parentheses.
ENDS = {"&&", "||", "?", ":", ",", ";", "=", "&", "^", "|", "return", "{", "}"} | set(EQUALITY) | ASSIGNS - {"++", "--"}
RELATIONS = set(BOUNDARY)


class Token:
    def __init__(self, kind, text, at):
        self.kind, self.text, self.at = kind, text, at
        self.end = at + len(text)
        self.mate = None  # of a parenthesis: index of the other one


class Mutant:
    """In @file, @function: tokens @first to @last become @text; @how: "expression" or "statement"."""

    def __init__(self, operator, first, last, text, how="expression"):
        self.operator, self.first, self.last, self.text, self.how = operator, first, last, text, how
        self.file = self.function = self.old = self.key = None
        self.line = self.last_line = self.number = 0


def tokens_of(source):
    tokens = [Token(match.lastgroup, match.group(), match.start()) for match in TOKEN.finditer(source)
              if match.lastgroup not in ("space", "preprocessor")]
    opened = []
    for i, token in enumerate(tokens):
        if token.text in "([{" and token.kind == "sign":
            opened.append(i)
        elif token.text in ")]}" and token.kind == "sign" and opened:
            token.mate = opened.pop()
            tokens[token.mate].mate = i
    return tokens


class Source:
    """One file and the mutants that its functions have."""

    def __init__(self, file, source):
        self.file, self.source = file, source
        self.tokens = tokens_of(source)
        self.mutants = []
        i = 0
        while i < len(self.tokens):
            if self.text(i) == "{":
                if i and self.begins_function(i):
                    self.function = self.function_name(i)
                    self.block(i + 1, self.tokens[i].mate)
                i = self.tokens[i].mate
            i += 1
        self.name_mutants()

    def text(self, i):
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def words(self, first, last):
        """Tokens as one line of text."""
        out = ""
        for i in range(first, last + 1):
            before, here = self.text(i - 1), self.text(i)
            tight = here in ("(", ")", ",", ";", ".", "->", "[", "]") and before not in ("if", "while", "return", "=")
            tight |= before in ("(", ".", "->", "[", "!", "~") or i == first
            tight |= before in ("&", "*", "-") and self.is_unary(i - 1)
            tight &= not (before == "," or (here == "(" and before in ("&&", "||", "?", ":", "==", "|", "<", ">", "+")))
            out += ("" if tight else " ") + here
        return out.strip()

    # ---- functions ----

    def begins_function(self, i):
        """Behind ")": a function's body, at the outermost level."""
        while self.text(i - 1) == ")" and re.match(r"^__\w+$", self.text(self.tokens[i - 1].mate - 1)):
            i = self.tokens[i - 1].mate - 1
        return self.text(i - 1) == ")"

    def function_name(self, i):
        while re.match(r"^__\w+$", self.text(self.tokens[i - 1].mate - 1)):
            i = self.tokens[i - 1].mate - 1
        return self.text(self.tokens[i - 1].mate - 1)

    # ---- statements ----

    def block(self, first, end):
        i = first
        while i < end:
            i = self.statement(i)

    def statement(self, i):
        """Walk over the statement that begins at token @i. Return: the token behind it."""
        word = self.text(i)
        if word == "{":
            self.block(i + 1, self.tokens[i].mate)
            return self.tokens[i].mate + 1
        if word in ("if", "while", "switch", "for"):
            return self.compound(i)
        if word in ("else", "do"):
            return self.statement(i + 1)
        if word in ("case", "default"):
            while self.text(i) != ":":
                i += 1
            return i + 1
        if self.tokens[i].kind == "name" and self.text(i + 1) == ":" and word not in WORDS:
            return i + 2
        if self.is_loop_head(i):
            return self.statement(self.tokens[i + 1].mate + 1)
        return self.simple(i)

    def is_loop_head(self, i):
        """A macro like list_for_each(a, b) before the statement that is repeated."""
        if self.tokens[i].kind != "name" or self.text(i) in WORDS or self.text(i + 1) != "(":
            return False
        behind = self.tokens[self.tokens[i + 1].mate + 1]
        return behind.text == "{" or behind.kind == "name"

    def compound(self, i):
        word, opening = self.text(i), i + 1
        closing = self.tokens[opening].mate
        if word in ("if", "while"):
            self.condition(word, opening, closing)
        if word != "switch":
            self.expressions(opening + 1, closing - 1, word in ("if", "while"))
        return self.statement(closing + 1)

    def condition(self, word, opening, closing):
        first, last = opening + 1, closing - 1
        behind = closing + 1
        if self.text(behind) == "{":
            behind += 1
        old = self.words(first, last)
        if word == "if" and self.text(behind) in LEAVES:
            self.add("check", first, last, "0")
        self.add("negate", first, last, f"!({old})")

    def simple(self, i):
        """An expression statement, a declaration, or one that leaves; it ends with a semicolon."""
        end = i
        while self.text(end) != ";":
            end = self.tokens[end].mate + 1 if self.text(end) in ("(", "[", "{") else end + 1
        word = self.text(i)
        if word == "return" and end > i + 1:
            self.returns(i + 1, end - 1)
        elif word in LEAVES or word == "_Static_assert" or SPARED.match(word) or end == i:
            return end + 1
        elif self.is_declaration(i):
            self.expressions(i, end - 1, False)
        else:
            if self.does_something(i, end):
                self.add("statement", i, end, "", "statement")
            self.expressions(i, end - 1, False)
        return end + 1

    def is_declaration(self, i):
        if self.text(i) in TYPES or self.text(i).endswith("_t"):
            return True
        return self.tokens[i].kind == "name" and self.tokens[i + 1].kind == "name"

    def does_something(self, i, end):
        if self.text(i) == "(" and self.text(i + 1) == "void":
            return False
        return any(self.text(k) in ASSIGNS for k in range(i, end)) or \
            (self.tokens[i].kind == "name" and self.text(i + 1) == "(")

    def returns(self, first, last):
        if first == last and self.text(first) in ("true", "false"):
            self.add("truth", first, last, "false" if self.text(first) == "true" else "true")
        self.expressions(first, last, False)

    # ---- expressions ----

    def expressions(self, first, last, is_condition):
        if any(SPARED.match(self.text(i)) and self.text(i) != "__builtin_expect" and i == first
               for i in range(first, last + 1)):
            return
        for i in range(first, last + 1):
            text, kind = self.text(i), self.tokens[i].kind
            if text in RIGHTS:
                self.add("right", i, i, "0")
                self.add("right", i, i, RIGHTS[text])
            elif text in STATUSES and self.text(i - 1) in ("return", "?", ":", "="):
                self.add("status", i, i, STATUSES[(STATUSES.index(text) + 1) % len(STATUSES)])
            elif kind == "name" and text.isupper() and "|" in (self.text(i - 1), self.text(i + 1)):
                self.add("flag", i, i, "0")
            elif text == "1" and self.text(i - 1) in ("+", "-") and not self.is_unary(i - 1):
                self.add("one", i, i, "0")
            elif text in BOUNDARY or text in EQUALITY:
                self.comparison(i, first, last, is_condition)
            elif text in ("&&", "||"):
                self.junction(i, first, last)

    def is_unary(self, i):
        before = self.tokens[i - 1] if i else None
        return before is None or before.text in ("return", "case") or \
            (before.kind == "sign" and before.text not in (")", "]"))

    def operand_begin(self, i, first, ends):
        """The first token of the operand that ends at @i."""
        while i >= first:
            if self.text(i) in (")", "]", "}"):
                i = self.tokens[i].mate
                if i < first:
                    return None
            elif self.text(i) in ("(", "[", "{") or (self.text(i) in ends and not
                                                      (self.text(i) == "&" and self.is_unary(i))):
                break
            i -= 1
        return i + 1

    def operand_end(self, i, last, ends):
        while i <= last:
            if self.text(i) in ("(", "[", "{"):
                i = self.tokens[i].mate
            elif self.text(i) in (")", "]", "}") or (self.text(i) in ends and not
                                                      (self.text(i) == "&" and self.is_unary(i))):
                break
            i += 1
        return i - 1

    def comparison(self, i, first, last, is_condition):
        ends = ENDS if self.text(i) in BOUNDARY else (ENDS | RELATIONS) - RELATIONS
        begin, end = self.operand_begin(i - 1, first, ends), self.operand_end(i + 1, last, ends)
        if begin is None or begin >= i or end <= i:
            return
        left, right = self.words(begin, i - 1), self.words(i + 1, end)
        if self.text(i) in BOUNDARY:
            self.add("boundary", begin, end, f"{left} {BOUNDARY[self.text(i)]} {right}")
        elif not (is_condition and begin == first and end == last):
            self.add("equality", begin, end, f"{left} {EQUALITY[self.text(i)]} {right}")

    def junction(self, i, first, last):
        """Each operand on its own; the left one once, by the first sign of a chain."""
        sign = self.text(i)
        ends = {"||", "?", ":", ",", ";", "=", "return"} | ({"&&"} if sign == "&&" else set())
        neutral = "1" if sign == "&&" else "0"
        begin, end = self.operand_begin(i - 1, first, ends), self.operand_end(i + 1, last, ends)
        if begin is None or begin >= i or end <= i:
            return
        if self.text(begin - 1) != sign or begin == first:
            self.add("operand", begin, i - 1, neutral)
        self.add("operand", i + 1, end, neutral)

    # ---- the text ----

    def add(self, operator, first, last, text, how="expression"):
        mutant = Mutant(operator, first, last, text, how)
        mutant.file, mutant.function = self.file, self.function
        mutant.line = self.source.count("\n", 0, self.tokens[first].at) + 1
        mutant.last_line = mutant.line + self.source.count("\n", self.tokens[first].at, self.tokens[last].at)
        mutant.old = self.words(first, last)
        self.mutants.append(mutant)

    def name_mutants(self):
        """Names that stay when lines move: place, operator, what becomes of what, and which of several."""
        count = {}
        for mutant in self.mutants:
            change = f"drop {mutant.old}" if mutant.how == "statement" else f"{mutant.old} => {mutant.text}"
            key = f"{mutant.file}: {mutant.function}: {mutant.operator}: {change}"
            count[key] = count.get(key, 0) + 1
            mutant.key = key if count[key] == 1 else f"{key} #{count[key]}"

    def control(self, number):
        """A mutant that is like the original."""
        like = next(mutant for mutant in self.mutants if mutant.operator == "negate")
        mutant = Mutant("control", like.first, like.last, like.old)
        mutant.number = number
        mutant.key = f"{self.file}: control"
        return mutant

    def written(self, chosen):
        """The source with the mutants of @chosen, each behind its question; lines stay where they are."""
        before, behind = {}, {}
        # The widest first, so that it opens first and closes last.
        for mutant in sorted(chosen, key=lambda m: m.first - m.last):
            first, last = self.tokens[mutant.first], self.tokens[mutant.last]
            if mutant.how == "statement":
                opening, closing = f"{{ if (!mutant_is({mutant.number})) {{ ", " } }"
            else:
                opening, closing = f"(mutant_is({mutant.number}) ? ({mutant.text}) : (", "))"
            before[first.at] = before.get(first.at, "") + opening
            behind[last.end] = closing + behind.get(last.end, "")
        out, at = [], 0
        for place in sorted(set(before) | set(behind)):
            out += [self.source[at:place], behind.get(place, ""), before.get(place, "")]
            at = place
        return "".join(out) + self.source[at:]
