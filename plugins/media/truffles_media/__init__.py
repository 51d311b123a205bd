"""Guard, limits and storage for photos, voice notes and documents."""
