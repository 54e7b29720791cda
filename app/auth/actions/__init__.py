"""What auth writes: people, and their sessions."""
