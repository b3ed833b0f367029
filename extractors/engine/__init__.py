"""Where cases are counted: engines that run the SQL of `extractors/sql` over event tables."""
