"""The register of branches: what a bank knows of each, apart from what its agents say."""
