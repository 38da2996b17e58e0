"""What a person sees: progress, sentences, and text on the terminal."""
