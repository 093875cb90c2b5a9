"""The sandbox of ``init.sh``: namespaces, a user of its own, and the end of everything it started."""
