"""What the command line prints: the same records as the pages, as text."""
