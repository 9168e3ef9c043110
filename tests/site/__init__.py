"""Evidence that readers get what was written: the built site, its links, search and wheel."""
