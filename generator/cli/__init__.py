"""One module for each verb of ``python -m generator``, imported only when it is asked for."""
