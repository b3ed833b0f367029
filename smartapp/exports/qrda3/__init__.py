"""QRDA Category III, with the Promoting Interoperability section alone: versions by year, writing, and reading."""
