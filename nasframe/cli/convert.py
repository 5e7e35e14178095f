"""``nasframe convert``: genotypes from and to the forms of other programs, and their hashes."""

from __future__ import annotations

from pathlib import Path

import click

from nasframe.cli.genotypes import find_genotype, find_record, space_of
from nasframe.cli.output import say, set_option
from nasframe.errors import GenotypeError
from nasframe.files import atomic, dialects
from nasframe.files.limits import MOST_CHARACTERS
from nasframe.genotype import GenotypeRecord, validate
from nasframe.plugin.registry import Registry
from nasframe.space import SearchSpace


@click.command()
@click.argument("name_or_file", metavar="GENOTYPE")
@click.option("--space", "space_name", metavar="NAME", help="The space of a text that does not say it.")
@click.option("--from", "from_", metavar="DIALECT", help="What the text is written in; default: what fits it.")
@click.option("--to", metavar="DIALECT", default="yaml", show_default=True, help="yaml, json or one of the space's.")
@click.option("--hash", "hashed", is_flag=True, help="Say instead what tells it from the genotypes of other networks.")
@click.option("--output", type=click.Path(path_type=Path), help="Write to this new file.")
@set_option
@click.pass_obj
def convert(
    registry: Registry,
    *,
    name_or_file: str,
    space_name: str | None,
    from_: str | None,
    to: str,
    hashed: bool,
    output: Path | None,
    overrides: tuple[str, ...],
) -> None:
    """Write a GENOTYPE in another dialect.

    It is a published one by its name, a genotype file, or a text of another program.
    """
    if output is not None and output.exists():
        raise GenotypeError(f"{output}: exists already; remove it, or choose another --output")
    record, space = _read(registry, name_or_file, space_name, from_, overrides)
    text = dialects.hash_of(space, record.genotype) + "\n" if hashed else dialects.write(record, space, to)
    if output is None:
        click.echo(text, nl=False)
    else:
        atomic.write_text(output, text)
        click.echo(f"Wrote {output}")


def _read(
    registry: Registry, name_or_file: str, space_name: str | None, from_: str | None, overrides: tuple[str, ...]
) -> tuple[GenotypeRecord, SearchSpace]:
    """The genotype, and its space with its options."""
    path = Path(name_or_file)
    published = name_or_file in registry.names("genotype")
    text = _text(path) if not published and path.is_file() else None
    found = None if text is None else dialects.own(text, str(path))
    if text is not None and (found is None or from_ not in (None, *dialects.OWN)):
        return _read_foreign(registry, text, path, space_name, from_, overrides)
    if from_ not in (None, found[0] if found else None):
        raise click.UsageError(f"--from {from_}: {name_or_file} is {'in ' + found[0] if found else 'published here'}")
    record = find_record(registry, name_or_file)
    if space_name not in (None, record.genotype.space):
        raise click.UsageError(f"--space {space_name}: {name_or_file} is of space {record.genotype.space!r}")
    _, space = find_genotype(registry, name_or_file, overrides)
    return record, space


def _read_foreign(
    registry: Registry, text: str, path: Path, name: str | None, from_: str | None, overrides: tuple[str, ...]
) -> tuple[GenotypeRecord, SearchSpace]:
    if name is None:
        raise click.UsageError(f"{path} does not say of which space it is: give --space NAME")
    try:
        record, fitting = dialects.read(text, space_of(registry, name, {}, overrides), from_)
        space = space_of(registry, name, record.options, overrides)
        validate(space, record.genotype)
    except GenotypeError as error:
        raise GenotypeError(f"{path}: {error}") from error
    others = f"; it fits {', '.join(fitting[1:])} as well, where it is another genotype (--from)" if fitting[1:] else ""
    if from_ is None:
        say(f"{path} is read as {fitting[0]}{others}")
    return record, space


def _text(path: Path) -> str:
    with path.open("rb") as file:
        raw = file.read(MOST_CHARACTERS + 1)
    if len(raw) > MOST_CHARACTERS:
        raise GenotypeError(f"{path}: has more than {MOST_CHARACTERS:,} bytes; expected the text of one genotype")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GenotypeError(
            f"{path}: byte 0x{raw[error.start]:02x} is not UTF-8; expected the text of a genotype"
        ) from error
