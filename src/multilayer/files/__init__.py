"""Files that hold arrays and what belongs to them."""
