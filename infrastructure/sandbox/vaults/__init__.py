"""What simulated vaults share: their figures, their treasury, the steps of a deposit and an exit."""
