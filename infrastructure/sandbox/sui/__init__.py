"""A simulated Sui network behind its GraphQL RPC."""
