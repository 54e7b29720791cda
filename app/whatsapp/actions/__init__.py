"""What whatsapp writes: what arrives, what staff send, what becomes of it, and what they do with a conversation."""
