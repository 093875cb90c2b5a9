"""What people read: tables on a terminal, job summaries, comments."""
