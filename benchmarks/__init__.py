"""What pi180 costs, measured beside other programs. Nothing here is part of what is delivered."""
