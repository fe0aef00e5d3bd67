"""Every formula of the library, each once and beside its derivative."""
