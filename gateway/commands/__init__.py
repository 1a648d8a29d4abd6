"""Orders to agents: who asked for what, sent until they are answered or have expired."""
