"""The edge that faces clients: GraphQL over HTTP, WebSocket and SSE, sign-in, health."""
