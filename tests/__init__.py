"""Tests mirror the two packages; tests/support holds the real parts they run against."""
