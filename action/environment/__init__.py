"""What this process, and the programs that it starts, may see and run."""
