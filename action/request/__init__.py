"""From text to requests: the commands in a comment, with their options and near misses."""
