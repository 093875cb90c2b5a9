"""Kustomizations: resources, patches and image replacements."""
