"""`python -m agents.loudspeaker`."""

from agents.loudspeaker.cli import main

if __name__ == "__main__":
    main()
