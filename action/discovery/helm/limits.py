"""What one rendering may take of the machine: a template can ask for any amount of memory and time."""

from __future__ import annotations

TIMEOUT = 120
"""Seconds for one rendering, by the clock and of a processor; the slowest public charts take 3."""
MEMORY = 4 << 30
"""Bytes of address space: Go reserves much more than it uses, and the largest public charts use 300 MB."""
OUTPUT = 256 << 20
"""Bytes of what is rendered; the largest public charts make 10 MB."""

TOO_MUCH = (
    f"takes more than a rendering may: {MEMORY >> 30} GB of memory, {TIMEOUT} seconds, {OUTPUT >> 20} MB of output"
)
