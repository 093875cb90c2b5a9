"""The build context: the staged copy of a build directory, and ``init.sh`` run in it."""
