"""The registry protocol: transport, authentication, pull and push."""
