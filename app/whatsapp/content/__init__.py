"""WhatsApp's templates: synced from Twilio's Content API, filled from a coordinación, shown as they will be read."""
