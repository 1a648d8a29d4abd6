"""The programs as their users start them, on real brokers and stores."""
