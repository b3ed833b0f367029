"""Which Spark a reading runs on, said without Spark itself, which is an extra."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which Spark to use.

    Attributes:
        master: its address, as Spark writes it; None for the session there is, or what `spark-submit` says.
        stage: a folder for tables of the run, a path or an address that all of Spark can write, such as
            `s3a://bucket/folder`; None for a private one on this machine, which is no place for a cluster of others.
    """

    master: str | None = None
    stage: str | None = None

    @property
    def is_here(self) -> bool:
        """Whether all of it runs on this machine."""
        return (self.master or "").startswith("local")
