"""Vietnamese text into words that can be spoken, and words into sound."""
