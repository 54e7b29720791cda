"""What is written of templates: what Twilio has, what their variables mean, and new ones."""
