"""Placeholders with a default in SQL: `@name:10` and `{{ name | default(10) }}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlglot import Token, TokenType

from t4t_core.errors import Place, SqlError
from t4t_core.parsing.placeholders import candidates, placeholder_at, position

_WORDS: Mapping[str, object] = {"true": True, "false": False, "null": None}


class Found(Struct, frozen=True):
    """A placeholder among tokens: what is kept of it, its default, and how many tokens it takes."""

    name: str
    start: int
    kept: Sequence[Token]
    default: Sequence[Token]
    used: int


def with_colon(text: str, tokens: Sequence[Token], at: int) -> Found | None:
    """A placeholder, `@name`, or one with a default, `@name:10`; no blank stands inside."""
    name, start, used = placeholder_at(text, tokens, at)
    if name is None:
        return None
    kept, after = tokens[at : at + used], at + used
    default: Sequence[Token] = ()
    is_default = after < len(tokens) and tokens[after].token_type is TokenType.COLON
    if is_default and kept[0].token_type is not TokenType.STRING and _touches(tokens, after):
        default = _literal(tokens, after + 1) if _touches(tokens, after + 1) else ()
    return Found(name, start, kept, default, used + (1 + len(default) if default else 0))


def with_filter(tokens: Sequence[Token], at: int) -> Found | None:
    """`{{ name | default(10) }}`."""
    if [token.text.lower() for token in tokens[at : at + 2]] != ["{", "{"]:
        return None
    if [token.text.lower() for token in tokens[at + 3 : at + 6]] != ["|", "default", "("]:
        return None
    default = _literal(tokens, at + 6)
    closing = tokens[at + 6 + len(default) :][:3]
    if not default or [token.text for token in closing] != [")", "}", "}"]:
        return None
    kept = [*tokens[at : at + 3], *closing[1:]]
    return Found(tokens[at + 2].text, tokens[at].start, kept, default, 9 + len(default))


def _touches(tokens: Sequence[Token], at: int) -> bool:
    """Whether a token follows the one before it without a blank."""
    return at < len(tokens) and tokens[at].start == tokens[at - 1].end + 1


def _literal(tokens: Sequence[Token], at: int) -> Sequence[Token]:
    """The tokens of the literal that begins here; none where there is no literal."""
    for token in tokens[at : at + 1]:
        is_word = token.token_type is TokenType.STRING or token.text.lower() in _WORDS
        if is_word or _is_number(token):
            return tokens[at : at + 1]
        if token.token_type is TokenType.DASH and any(map(_is_number, tokens[at + 1 : at + 2])):
            return tokens[at : at + 2]
    return ()


def _is_number(token: Token) -> bool:
    """Whether it is one: sqlglot reads `1e`, without what should follow, as one too."""
    try:
        float(token.text)
    except ValueError:
        return False
    return token.token_type is TokenType.NUMBER


def value_of(tokens: Sequence[Token]) -> object:
    """The value of a default's tokens."""
    *sign, last = tokens
    if last.token_type is TokenType.STRING:
        return last.text
    if last.text.lower() in _WORDS:
        return _WORDS[last.text.lower()]
    text = ("-" if sign else "") + last.text
    return int(text) if last.text.isdigit() else float(text)


def note_default(found: Found, text: str, defaults: dict[str, object], place: Place) -> None:
    """Adds the default of a placeholder to `defaults`.

    Raises:
        SqlError: It has another one already.
    """
    value = value_of(found.default)
    if defaults.setdefault(found.name, value) != value:
        raise SqlError(
            f"@{found.name} has two defaults",
            place=Place(place.file, *position(text, found.start)),
            hint="write it once; it counts for the whole text",
        )


def without_defaults(
    text: str, tokens: Sequence[Token], defaults: dict[str, object], place: Place
) -> list[Token]:
    """The tokens without defaults, which are added to `defaults` by their names.

    In brackets a colon is a slice, `values[@first:3]`.

    Raises:
        SqlError: A placeholder has two defaults.
    """
    changed: list[Token] = []
    done = counted = depth = 0
    for at in candidates(text, tokens):
        if at < done:
            continue
        for token in tokens[counted:at]:
            depth += token.token_type is TokenType.L_BRACKET
            depth -= token.token_type is TokenType.R_BRACKET
        counted = at
        found = None if depth else with_colon(text, tokens, at)
        found = found or with_filter(tokens, at)
        if found is None or not found.default:
            continue
        note_default(found, text, defaults, place)
        changed += [*tokens[done:at], *found.kept]
        done = at + found.used
    return [*changed, *tokens[done:]]
