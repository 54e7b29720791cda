"""What WhatsApp costs: what Twilio took for each message, and what the next one will probably take."""
