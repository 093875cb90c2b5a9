"""What ``sealos run`` makes of an image's files before anything runs: ``config.yml`` and templates."""
