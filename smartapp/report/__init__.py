"""What the pages of a score show, as plain records, and the pages themselves (`pages`)."""
