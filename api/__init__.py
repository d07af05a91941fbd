"""HTTP in; JSON, events and media out. No rules of its own: those stand in the services below."""
