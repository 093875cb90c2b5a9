"""Evidence for images: the hits of all rules, and one finding for each image."""
