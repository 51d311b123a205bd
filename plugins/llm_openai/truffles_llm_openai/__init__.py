"""Classification and answers by a model that speaks the OpenAI API."""
