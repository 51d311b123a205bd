"""Hybrid retrieval over a tenant's knowledge with Qdrant, embedded or as a server."""
