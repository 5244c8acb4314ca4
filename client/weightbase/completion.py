"""Scripts that let bash, zsh and fish complete verbs and options, made from the arguments themselves."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator

SHELLS = ("bash", "zsh", "fish")


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """Return the script of a shell for a command line."""
    made = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]
    return made(parser.prog, dict(_verbs(parser)))


def _verbs(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield the verbs of a command line, each with its own arguments."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _options(parser: argparse.ArgumentParser) -> list[str]:
    """Return the words that a verb takes: its options, and what an argument may only be."""
    words = [option for action in parser._actions for option in action.option_strings if option.startswith("--")]
    return words + [str(one) for action in parser._actions if action.choices for one in action.choices]


def _bash(name: str, verbs: dict[str, argparse.ArgumentParser]) -> str:
    cases = "\n".join(f"    {verb}) words={shlex.quote(' '.join(_options(one)))} ;;" for verb, one in verbs.items())
    return f"""_{name}_complete() {{
  local words current="${{COMP_WORDS[COMP_CWORD]}}"
  case "$COMP_CWORD:${{COMP_WORDS[1]}}" in
    1:*) words={shlex.quote(" ".join(verbs))} ;;
    *) case "${{COMP_WORDS[1]}}" in
{cases}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ ${{#COMPREPLY[@]}} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}}
complete -F _{name}_complete {name}"""


def _zsh(name: str, verbs: dict[str, argparse.ArgumentParser]) -> str:
    return f"autoload -U +X bashcompinit && bashcompinit\n{_bash(name, verbs)}"


def _fish(name: str, verbs: dict[str, argparse.ArgumentParser]) -> str:
    lines = []
    for verb, parser in verbs.items():
        about = shlex.quote((parser.description or "").splitlines()[0])
        lines.append(f"complete -c {name} -n __fish_use_subcommand -f -a {verb} -d {about}")
        lines += [
            f"complete -c {name} -n '__fish_seen_subcommand_from {verb}' "
            + (f"-l {word[2:]}" if word.startswith("--") else f"-a {word}")
            for word in _options(parser)
        ]
    return "\n".join(lines)
