"""What a person sees: pure views over the JSON documents, and the one module that prints them."""
