"""A group of commands that refuses an option given twice: which of the two was meant, nobody knows."""

from contextlib import suppress

import click

PROGRAM = "eventfold"


class Once(click.Group):
    """Options that take one value are given once, to it and to its commands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Its own options."""
        _refuse_twice(self, ctx, args)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Those of the command that is called."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and not isinstance(command, Once):
            own = click.Context(command, parent=ctx, info_name=name, **command.context_settings)
            _refuse_twice(command, own, rest)
        return name, command, rest


def _refuse_twice(command: click.Command, ctx: click.Context, args: list[str]) -> None:
    order: list[click.Parameter] = []
    with suppress(click.UsageError):  # said in its place
        order = command.make_parser(ctx).parse_args(args=list(args))[2]
    seen = set[str | None]()
    for given in order:
        if not isinstance(given, click.Option) or given.multiple or given.count or given.is_flag:
            continue
        if given.name in seen and not ctx.resilient_parsing:
            raise click.UsageError(f"{max(given.opts, key=len)} is given twice; it takes one value.", ctx)
        seen.add(given.name)
