"""Everything that writes files."""
