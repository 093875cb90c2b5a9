"""Kubernetes objects: the rules that say where in them an image stands."""
