"""Charts, manifests, image lists and archives of a build context -> findings with provenance."""
