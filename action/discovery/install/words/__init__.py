"""The words of a shell: quoting, expansion, patterns, arithmetic, and what is unknown of them."""
