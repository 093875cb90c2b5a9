"""Charts: their files and values, the renderings worth trying, and what no rendering reaches."""
