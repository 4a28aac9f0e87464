"""What all simulated providers share: their faults, memory, time, webhooks and HTTP manners."""
