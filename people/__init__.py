"""Who may do what: persons, one-time sign-in links, sessions and the permission table."""
