"""How the command line speaks: French help, errors in one line, interruptions that say how to resume."""

import contextlib
import os
import sys
from collections.abc import Iterable
from typing import Any

import typer
from rich.console import Console
from typer import rich_utils
from typer.core import TyperCommand, TyperGroup, TyperOption

from geo.errors import OresError

console = Console(highlight=False)
complaints = Console(stderr=True, highlight=False)

INTERRUPTED = 130

rich_utils.OPTIONS_PANEL_TITLE = "Options"
rich_utils.COMMANDS_PANEL_TITLE = "Commandes"
rich_utils.ERRORS_PANEL_TITLE = "Erreur"
rich_utils.DEFAULT_STRING = "[par défaut\u202f: {}]"
rich_utils.REQUIRED_LONG_STRING = "[obligatoire]"
rich_utils.RICH_HELP = "Voir «\u202f{command_path} {help_option}\u202f»."


def say(sentence: str) -> None:
    """Show a sentence to the person, as it is: no markup is read in it."""
    console.print(sentence, markup=False, soft_wrap=True)


def warn(sentence: str) -> None:
    """Show a sentence beside a result that is read by programs: on the error output."""
    complaints.print(sentence, markup=False, soft_wrap=True)


def remark(remarks: Iterable[str]) -> None:
    """Show what a load found worth knowing, one line each."""
    for sentence in remarks:
        console.print(f"• {sentence}", markup=False, soft_wrap=True, style="dim")


class FrenchCommand(TyperCommand):
    """A command whose help is in French."""

    def get_help_option(self, ctx: Any) -> TyperOption | None:
        """Return the option --help, explained in French."""
        return _explained(super().get_help_option(ctx))


class FrenchGroup(TyperGroup):
    """A group whose help is in French, and whose commands end as people expect."""

    def get_help_option(self, ctx: Any) -> TyperOption | None:
        """Return the option --help, explained in French."""
        return _explained(super().get_help_option(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that was asked for; an unknown one ends with the list of those that exist."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            known = ", ".join(self.list_commands(ctx))
            ctx.fail(f"La commande «\u202f{name}\u202f» n’existe pas. Commandes\u202f: {known}.")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an expected error is one red line and status 1, Ctrl-C is status 130."""
        try:
            return super().invoke(ctx)
        except OresError as error:
            complaints.print(error.detail, style="red", markup=False, soft_wrap=True)
            raise typer.Exit(1) from error
        except KeyboardInterrupt:
            complaints.print("\nInterrompu… relancez la même commande pour reprendre.", soft_wrap=True)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:  # the reader of our output went away, as `head` does
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None


def _explained(option: TyperOption | None) -> TyperOption | None:
    if option is not None:
        option.help = "Afficher cette aide."
        option.metavar = " "
    return option
