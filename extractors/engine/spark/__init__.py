"""The same run on Apache Spark: extraction spread over executors, the same SQL for the cases.

The only door to `pyspark`, which is an extra: `pip install 'pi180[spark]'`.
"""
