"""What the last stage of a Dockerfile starts from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.tree.dockerfile import ends_in_scratch

SCRATCH = [
    "FROM scratch",
    "from scratch\r\nCOPY . .\r\n",
    "# words\n\n  FROM  scratch  AS x\n",
    "FROM\tscratch\n",
    "FROM --platform=linux/amd64 scratch\n",
    "FROM golang AS build\nRUN make\nFROM scratch\nCOPY --from=build /a /a\n",
    "FROM scratch AS base\nCOPY a a\nFROM base\nCOPY b b\n",
    "FROM scratch AS Base\nFROM BASE\n",
    "ARG BASE=scratch\nFROM ${BASE}\n",
    'ARG BASE="scratch"\nFROM $BASE\n',
    "ARG B=scratch\nARG C=${B}\nFROM ${C}\n",
    "FROM ${BASE:-scratch}\n",
    "ARG A=x BASE=scratch\nFROM ${BASE}\n",
    "FROM \\\n  scratch\n",
    "FROM \\\n# a comment in between\n\n  scratch\n",
    "# escape=`\nFROM `\n  scratch\n",
    "FROM scratch\nCOPY <<EOF /etc/x\nFROM alpine\nEOF\n",
    "FROM scratch\nCOPY <<-'END' /etc/x\n\tFROM alpine\n\tEND\n",
    "FROM scratch\nLABEL note='FROM alpine'\n",
]
OTHER = [
    "",
    "# FROM scratch\n",
    "FROM\n",
    "FROM alpine\n",
    "FROM scratch AS empty\nFROM alpine\nCOPY --from=empty / /\n",
    "FROM docker.io/library/scratch:1\n",
    "FROM ${BASE}\n",
    "ARG BASE=alpine\nFROM ${BASE:-scratch}\n",
    "FROM alpine\nRUN <<EOF\nFROM scratch\nEOF\n",
    "FROM alpine\nRUN echo \\\nFROM scratch\n",
    "FROM alpine AS scratch-like\nFROM scratch-like\n",
    "FROM scratch\nARG BASE=scratch\nFROM alpine\n",
    "FROM alpine\rFROM scratch\n",
    "FROM scratch\nCOPPY a b\n",
    "FROM ${BASE:?say which}\n",
]


@pytest.mark.parametrize("text", SCRATCH)
def test_scratch(text: str) -> None:
    assert ends_in_scratch(text)


@pytest.mark.parametrize("text", OTHER)
def test_something_else(text: str) -> None:
    assert not ends_in_scratch(text)


@given(text=st.text(alphabet="FROMfrom scratchAS\n\\#<E$={}`:-\t\r", max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    assert ends_in_scratch(text) in (True, False)
