"""Tables in, arrays out: reading, column types, preparation. Knows no model."""
