"""LaTeX formulas as plain Unicode text: ``W^{(2)\\top}\\delta_2`` becomes ``W⁽²⁾ᵀδ₂``.

Knows the commands that the displays use, and refuses others.
"""

from __future__ import annotations

import re

SYMBOLS = {
    "nabla": "∇", "partial": "∂", "delta": "δ", "Delta": "Δ", "eta": "η", "Theta": "Θ", "lambda": "λ", "Omega": "Ω",
    "sigma": "σ", "varphi": "φ", "sum": "Σ", "odot": "⊙", "otimes": "⊗", "cdot": "·", "leftarrow": "←", "top": "ᵀ",
    "dots": "…", "tanh": "tanh", "log": "log", "ln": "ln", "max": "max", "_": "_",
}  # fmt: skip
FONTS = ("mathbf", "mathrm", "mathsf", "boldsymbol", "text")
TOKEN = re.compile(r"\\mathcal\{L\}|\\begin\{pmatrix\}|\\end\{pmatrix\}|\\\\|\\[A-Za-z]+|\\.|[\^_{}]|[^\\^_{}]")

_RAISED = dict(zip("0123456789+-−()=Tdhijklmnopqrstuv′ᵀ", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾⁼ᵀᵈʰⁱʲᵏˡᵐⁿᵒᵖ𐞥ʳˢᵗᵘᵛ′ᵀ", strict=True))
_LOWERED = dict(zip("0123456789+-−()=aehijklmnoprstuvx…", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎₌ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ…", strict=True))
_DONE = set(_RAISED.values()) | set(_LOWERED.values())


def plain(latex: str) -> str:
    """Give a formula as one line of Unicode text."""
    tokens = TOKEN.findall(latex)
    text, end = _read(tokens, 0)
    if end != len(tokens):
        raise ValueError(f"latex: brackets do not match in {latex!r}")
    return re.sub(r" {2,}", " ", re.sub(r"([∂∇Δ]) ", r"\1", text)).strip()


def plain_sentence(sentence: str) -> str:
    """Give a sentence with formulas between dollar signs as plain text."""
    parts = sentence.split("$")
    return "".join(plain(part) if i % 2 else part for i, part in enumerate(parts))


def _read(tokens: list[str], i: int) -> tuple[str, int]:
    """Read up to the end of a group, and give the index after it."""
    text = ""
    while i < len(tokens) and tokens[i] not in ("}", "\\end{pmatrix}"):
        token = tokens[i]
        if token == "^":
            content, i = _argument(tokens, i + 1)
            text += _raised(content)
        elif token == "_":
            content, i = _argument(tokens, i + 1)
            text += content if text.endswith("∇") else _lowered(content)
        elif token == "\\begin{pmatrix}":
            content, i = _read(tokens, i + 1)
            text, i = f"{text}({content})", i + 1
        elif token == "\\tfrac":
            above, i = _argument(tokens, i + 1)
            below, i = _argument(tokens, i)
            text += "½" if (above, below) == ("1", "2") else f"({above}/{below})"
        elif token == "{":
            content, i = _argument(tokens, i)
            text += content
        else:
            text, i = text + _symbol(token), i + 1
    return text, i


def _argument(tokens: list[str], i: int) -> tuple[str, int]:
    """Read one token or group, a command with its own argument included."""
    while tokens[i] == " ":
        i += 1
    if tokens[i] == "{":
        content, i = _read(tokens, i + 1)
        return content, i + 1
    if tokens[i].removeprefix("\\") in FONTS:
        return _argument(tokens, i + 1)
    return _symbol(tokens[i]), i + 1


def _symbol(token: str) -> str:
    """One token outside of groups."""
    if token == "\\\\":
        return "; "
    if token == "\\mathcal{L}":
        return "ℒ"
    if token.startswith("\\"):
        name = token[1:]
        if name in FONTS:
            return ""
        if name not in SYMBOLS:
            raise ValueError(f"latex: unknown command {token!r}")
        return SYMBOLS[name]
    return {"'": "′", "-": "−"}.get(token, token)


def _raised(content: str) -> str:
    """A superscript."""
    content = content.replace(" ", "")
    if all(c in _RAISED or c in _DONE for c in content):
        return "".join(_RAISED.get(c, c) for c in content)
    return f"^({content})" if len(content) > 1 else f"^{content}"


def _lowered(content: str) -> str:
    """A subscript; the comma between indices of one digit is left out."""
    content = content.replace(" ", "")
    parts = content.split(",")
    joined = "".join(parts) if all(len(part) == 1 for part in parts) else content
    if all(c in _LOWERED or c in _DONE for c in joined):
        return "".join(_LOWERED.get(c, c) for c in joined)
    return f"_({content})" if len(content) > 1 and content[0] != "(" else f"_{content}"
