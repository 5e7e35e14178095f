"""Inputs that mean harm: real files, changed in random places, and texts of random grammar."""

import copy
import hashlib
import io
import json
import pickle
import zipfile
from collections import OrderedDict

from nasframe.runfolder.checkpoint import MAGIC

NUMBERS = [
    *(
        b"0",
        b"-1",
        b"1.5",
        b"1e999",
        b"1e-999",
        b"NaN",
        b"Infinity",
        b"-.inf",
        b"0x1f",
        b"0o17",
        b"010",
        b"1:30",
        b"1_0",
    ),
    *(
        b"9" * 20,
        b"9" * 400,
        b"9" * 5000,
        b"0x" + b"f" * 5000,
        b"2147483648",
        b"18446744073709551616",
        b"-9" + b"9" * 18,
    ),
]
TEXTS = [
    *(
        b"",
        b"null",
        b"true",
        b"yes",
        b"~",
        b"=",
        b"2020-01-01",
        b"\x00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        "\u2028\x85é".encode(),
    ),
    *(
        b"\xef\xbb\xbf",
        b"\x07",
        b"\r",
        b"\t",
        b'"',
        b"'",
        b"\\",
        b"\\ud800",
        b"\\u0000",
        b"a" * 5000,
        b"${A:-${B}}",
        b"${",
        b"$${",
    ),
]
STRUCTURE = [
    *(
        b"[",
        b"]",
        b"{",
        b"}",
        b",",
        b": ",
        b"- ",
        b"? ",
        b"\n",
        b"  ",
        b"| ",
        b"> ",
        b"#",
        b"---\n",
        b"...\n",
        b"<<: *a",
        b"*a",
    ),
    *(
        b"&a ",
        b"!!int ''",
        b"!!float ",
        b"!!set ",
        b"!x ",
        b"%YAML 9.9\n",
        b"[" * 3000,
        b"{a: " * 300,
        b"- " * 300,
        b'{"a":' * 3000,
    ),
]
MARKUP = [
    *(
        b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
        b"&b;",
        b"&#0;",
        b"&#xd800;",
        b"<data key='d0'>",
        b"</node>",
        b"<node id='a'/>",
    ),
    *(b'"a" -> "b" [nasframe="{}"];', b"  graph [nasframe=", b"<desc>JSON</desc>", b"<!--", b"<![CDATA[", b"xmlns=''"),
]
BYTES = [bytes([value] * length) for value in (0, 1, 40, 113, 128, 255) for length in (1, 4, 8)]


def mutated(rng, seed, tokens, other=b""):
    """A file with one to six random changes."""
    data = bytearray(seed)
    for _ in range(rng.choice((1, 1, 1, 1, 2, 5))):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((1, 2, 8, 64, 512)))
        match rng.randrange(9):
            case 0:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at : min(end, at + 20_000)]
            case 3:
                data[at:at] = rng.choice(tokens)
            case 4:
                data[at:end] = rng.choice(tokens)
            case 5 if other:
                start = rng.randrange(len(other))
                data[at:end] = other[start : start + rng.choice((4, 64, 1024))]
            case _:
                _replace_word(rng, data, tokens)
    return bytes(data[:400_000])


def _replace_word(rng, data, tokens):
    """Change a word, or what stands between two quotes, into something else."""
    ends = [at for at in range(len(data)) if data[at] in b' ":,=\n<>()[]{}'][:2000]
    if len(ends) > 1:
        at = rng.randrange(len(ends) - 1)
        data[ends[at] + 1 : ends[at + 1]] = rng.choice(tokens)


VALUES = [
    *(
        None,
        True,
        -1,
        0,
        2**31,
        2**63,
        10**299,
        0.5,
        1e308,
        float("inf"),
        float("nan"),
        "",
        "x",
        "x" * 5000,
        "a\u2028b",
    ),
    *(
        "~nobody",
        "/dev/null",
        ".",
        "${A:-${B:-1}}",
        "$${",
        "\x07",
        [],
        {},
        [1, "a"],
        [[]],
        {"type": "x"},
        {"": None},
        [None],
    ),
]
"""What a value of a right file may be replaced by."""


def revalued(rng, read, write, data):
    """A file of plain data in which some values are others, keys are gone, or are doubled under another name."""
    tree = read(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        parents = _parents(tree)
        if not parents:
            break
        parent = rng.choice(parents)
        key = rng.choice(list(parent) if isinstance(parent, dict) else range(len(parent)))
        match rng.randrange(6):
            case 0:
                del parent[key]
            case 1 if isinstance(parent, dict):
                parent[rng.choice((f"{key}x", "x-own", "type", "", "a\tb", "0"))] = parent[key]
            case _:
                parent[key] = copy.deepcopy(rng.choice(VALUES))
    return write(tree).encode()


def _parents(tree):
    """All mappings and lists that hold anything."""
    found = [tree] if isinstance(tree, dict | list) and tree else []
    return found + [
        parent for inner in (tree.values() if isinstance(tree, dict) else found and tree) for parent in _parents(inner)
    ]


def yaml_text(rng):
    """Random YAML, mostly valid, in block or flow style."""
    lines = [f"{rng.choice('abcxyz')}{number}: {_flow(rng, rng.randrange(5))}" for number in range(rng.randrange(1, 8))]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _flow(rng, depth):
    anchor = rng.choice(("", "", "", "&a ", "&b "))
    tag = rng.choice(("", "", "", "", "!!str ", "!!int ", "!!float ", "!!bool ", "!!null ", "!!map ", "!!seq ", "!"))
    if rng.random() < 0.15:
        return rng.choice(("*a", "*b"))
    if not depth or rng.random() < 0.3:
        word = rng.choice(NUMBERS + TEXTS).decode("utf-8", "replace")
        return anchor + tag + rng.choice((word, json.dumps(word), repr(word)))
    inner = [_flow(rng, depth - 1) for _ in range(rng.randrange(4))]
    if rng.random() < 0.5:
        return f"{anchor}[{', '.join(inner)}]"
    keys = [rng.choice(("a", "b", "<<", "type", "1", "? x", "*a", _flow(rng, 0))) for _ in inner]
    return f"{anchor}{{{', '.join(f'{key}: {value}' for key, value in zip(keys, inner, strict=True))}}}"


def json_text(rng):
    """Random JSON, mostly valid."""
    return _json(rng, rng.randrange(6)).encode("utf-8", "surrogatepass")


def _json(rng, depth):
    if not depth or rng.random() < 0.3:
        return rng.choice(
            [*(number.decode() for number in NUMBERS), "null", "true", '"a"', '"\\ud800"', '""', "[]", "{}"]
        )
    inner = [_json(rng, depth - 1) for _ in range(rng.randrange(5))]
    if rng.random() < 0.4:
        return f"[{', '.join(inner)}]"
    names = [
        "a",
        "id",
        "nodes",
        "edges",
        "source",
        "target",
        "graph",
        "directed",
        "tuple",
        "dict",
        "float",
        "time",
        "state",
    ]
    return "{" + ", ".join(f'"{rng.choice(names)}": {value}' for value in inner) + "}"


def rezipped(rng, archive):
    """A zip archive with one member changed, and right checksums."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            members = {name: opened.read(name) for name in opened.namelist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return archive
    name = rng.choice([name for name in members if name.endswith("data.pkl")] * 6 + list(members))
    members[name] = pickled(rng) if rng.random() < 0.2 else mutated(rng, members[name], BYTES + NUMBERS[:6])
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return made.getvalue()


def pickled(rng):
    """A pickle of plain data that is no mapping of tensors, or nests deeply."""
    if rng.random() < 0.3:
        depth = rng.choice((10, 1000, 100_000))
        return b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b"."
    plain = rng.choice([None, 3, "text", [], {}, {"network": 3}, {1: 2}, OrderedDict(a=[]), {"network": {"a": 1}}])
    return pickle.dumps(plain, protocol=2)


def checkpoint(rng, seed):
    """A checkpoint whose body is changed and whose header says that it is whole, or whose header is changed."""
    _, header, body = seed[len(MAGIC) :].split(b"\n", 2)
    if rng.random() < 0.2:
        return _summed(mutated(rng, header, NUMBERS + TEXTS + STRUCTURE) + b"\n" + body)
    body = rezipped(rng, body) if rng.random() < 0.7 else mutated(rng, body, BYTES + NUMBERS)
    return _summed(json.dumps({**json.loads(header), "bytes": len(body)}).encode() + b"\n" + body)


def _summed(told):
    """A checkpoint of this header and body under their right checksum."""
    return MAGIC + hashlib.sha256(told).hexdigest().encode() + b"\n" + told
