"""SMART App Launch 2.2, the client's side: what is asked, what is answered, and what of it is believed.

Nothing here knows Flask or opens a connection of its own.
"""
