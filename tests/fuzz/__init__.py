"""Programs for coverage-guided fuzzing; they are run by hand, because their engine has no package everywhere."""
