"""What ``-k`` was given, looked at before anything is built: a slip of the pen is no broken suite."""

from __future__ import annotations

from hostkit.errors import UsageError


def checked_selection(text: str) -> str:
    """Return the expression without white space around it. Raises :class:`UsageError` where pytest has none.

    pytest alone says what an expression is, and has no public name for it; which error it raises has changed
    from version 8 to 9.
    """
    selection = text.strip()
    if not selection:
        return ""
    from _pytest.mark import expression  # noqa: PLC0415 - loads pytest, and only for -k

    refused: type[Exception] = getattr(expression, "ParseError", SyntaxError)
    try:
        expression.Expression.compile(selection)
    except refused as error:
        said = getattr(error, "msg", None) or str(error)
        raise UsageError(
            f"-k {selection!r} is no expression: {said}",
            hint="such as: wire, or: pattern and not lava, or: lava or comet",
        ) from error
    return selection
