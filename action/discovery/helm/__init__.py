"""The Helm engines behind one interface, and what they print."""
