"""What customers ask, put to the whole gateway in a throwaway database, and judged. Sends nothing, keeps nothing."""
