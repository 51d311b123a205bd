"""WhatsApp through the ChatFlow API: webhooks in, messages out."""
