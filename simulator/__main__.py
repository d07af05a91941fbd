"""`python -m simulator --config config.yaml`."""

from simulator.main import run_from_arguments

if __name__ == "__main__":
    run_from_arguments()
