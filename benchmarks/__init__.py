"""What the hub costs on this machine, each figure beside a floor measured in the same run."""
