"""Voice notes become text through an audio API that speaks as OpenAI's does."""
