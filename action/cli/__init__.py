"""The verbs of ``python -m action``: each module reads its arguments, calls one function, prints."""
