"""Who we are to a registry: keychain, challenges, tokens."""
