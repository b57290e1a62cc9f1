"""Words for people that several rooms say."""


def how_many(number: int, what: str) -> str:
    """`1 row`, `13,087 rows`.

    Args:
        number: of the things.
        what: one of them is called.
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"
