"""Kubefile and Dockerfile as instructions with their variables substituted."""
