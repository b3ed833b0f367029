"""Why the store cannot go on. Messages are for whoever runs or uses the app, and say what to do."""

from smartapp.errors import Mendable


class StoreError(Mendable):
    """The store cannot be used, or refuses what it was given; the message says why and what to do."""
