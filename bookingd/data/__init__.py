"""Files that are read at run time: links into the checkout, copies in an installed wheel."""
