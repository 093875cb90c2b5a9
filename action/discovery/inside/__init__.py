"""What a program and the files of an operator's own image say about the images that it starts (pure)."""
