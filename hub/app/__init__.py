"""The composition root, the command line, the server and the migrations."""
