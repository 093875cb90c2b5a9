"""From layouts to registries: what is ready, what is published already, login, push."""
