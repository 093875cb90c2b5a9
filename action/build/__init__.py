"""One image from its build directory: the jobs, the design (decide, then write), the content id, the output."""
