"""What a search found, kept as columns, to be filtered, counted, sorted and paged without asking anybody."""
