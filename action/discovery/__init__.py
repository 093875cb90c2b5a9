"""Discovery: a build context to every container image that it will run, and how sure that is. Start at ``scan``."""
