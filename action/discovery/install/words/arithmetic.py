"""Shell arithmetic on whole numbers, as far as all operands are known (pure)."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable

MAX_EXPRESSION = 200
LARGEST = 2**63

_BINARY: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_COMPARING: dict[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_NAME = re.compile(r"\$?\{?([A-Za-z_]\w*)\}?", re.ASCII)


def calculated(expression: str, value: Callable[[str], str]) -> int | None:
    """What an expression is; None when an operand is not known or a form is not read. Names are looked up."""
    text = " ".join(expression.split())
    if len(text) > MAX_EXPRESSION or not re.fullmatch(r"[\w\s$(){}+*<>=!&|-]+", text, re.ASCII):
        return None
    known = True

    def number(match: re.Match[str]) -> str:
        nonlocal known
        found = value(match[1]).strip() or "0"
        known &= re.fullmatch(r"-?(?:0|[1-9][0-9]{0,17})", found, re.ASCII) is not None
        return f"({found})" if known else "0"

    text = re.sub(r"(?<![\w$])0[0-9xX]", "?", _NAME.sub(number, text))  # octal and hexadecimal are not read
    text = re.sub(r"!(?!=)", " not ", text.replace("&&", " and ").replace("||", " or "))
    if not known or re.search(r"[&|?=]", re.sub(r"[=!<>]=", "", text)):
        return None
    try:
        return _tree(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _tree(node: ast.expr) -> int:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return _fitting(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _fitting(_BINARY[type(node.op)](_tree(node.left), _tree(node.right)))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd, ast.Not)):
        inner = _tree(node.operand)
        return int(not inner) if isinstance(node.op, ast.Not) else -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BoolOp):
        values = [bool(_tree(part)) for part in node.values]
        return int(all(values) if isinstance(node.op, ast.And) else any(values))
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return int(_COMPARING[type(node.ops[0])](_tree(node.left), _tree(node.comparators[0])))
    raise ValueError("not read")


def _fitting(number: int) -> int:
    if abs(number) >= LARGEST:
        raise ValueError("too large")
    return number
