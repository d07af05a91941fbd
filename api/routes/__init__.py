"""The routes, one file for each noun of the village."""
