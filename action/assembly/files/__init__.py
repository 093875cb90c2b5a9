"""The files of an image: the root file system, links, and the layers they become."""
