"""What every context shares: money, identifiers, errors, the Unit and the ports."""
